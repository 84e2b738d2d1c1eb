/* SPDX-License-Identifier: MIT */
/*
 * What the hub has to know of a process to tell of its end, where the process itself could not: it was killed, or ended by
 * the bare system call, or had cut itself off. Which of these, the hub does not know (a pidfd tells a stranger nothing but the end), nor what
 * connections were open then; so neither is said (P12).
 *
 * Rules: plain data, it travels (message.h: TLS). Said once by a process, at its first connection, and only where the hub
 * has the log: a stderr is not kept for it (a pipe or a login would not end before the process's last heir).
 */
#ifndef TLSBYE_TELLER_H
#define TLSBYE_TELLER_H

#include "events/event.h"
#include "sys/settings.h"

struct teller {
	int32_t pid; /* as the process sees itself; 0: it has said nothing */
	enum mode mode;
	enum log_format format;
	char program[EVENT_PROGRAM_MAX];
};

/* In the hub: a line for the log, where it has said enough for one. */
void teller_cut_short(const struct teller *teller);

#endif
