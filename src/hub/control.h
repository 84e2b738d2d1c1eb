/* SPDX-License-Identifier: MIT */
/*
 * Between `tlsbye run --report` and its hub: a SOCK_SEQPACKET pair that is made before the hub, and that nobody else has.
 *
 *   CONTROL_PROGRAM_ENDED   run asks: tell me when you hold nothing that was handed over before now
 *   an answer               the hub, once
 *   CONTROL_LEAVE           run: nobody is left who would say a word. The hub ends; the channel's end tells of it
 *
 * Rules: one struct a message, in the byte order of the machine.
 */
#ifndef TLSBYE_CONTROL_H
#define TLSBYE_CONTROL_H

#include "hub/message_check.h"

enum control_request { CONTROL_PROGRAM_ENDED = 1, CONTROL_LEAVE };

struct control_answer {
	uint32_t held;      /* by who goes on */
	uint32_t processes; /* alive, beside tlsbye run */
	uint32_t cut_short; /* ended without a BYE after they had used TLS */
	uint64_t lost;      /* lines */
	uint64_t dropped[MESSAGE_FAULT_COUNT];
};

/* In the hub. fd -1: nobody asks. */
void control_begin(int fd);

/* After each round: may an answer be given? */
void control_go_on(void);

bool control_leave_asked(void);

#endif
