/* SPDX-License-Identifier: MIT */
/*
 * The mailboxes of processes that have cut themselves off (message.h: struct mailbox): nothing wakes the hub when a line
 * is put into one, so it looks: soon after it has found something, else five times a second, and when the process has
 * ended. A mailbox that nobody has mapped any more is read for the last time and dropped. Until then a process of the
 * tree lives, whom the hub may not know (a raw clone says no HELLO): so it stays.
 *
 * Rules: never mapped here (a hole, or a page that is gone, is a short read then, and not SIGBUS). What is read is
 * believed as little as a LINE is. One that cannot be freed is dropped: else it would be read for ever.
 */
#ifndef TLSBYE_MAILBOXES_H
#define TLSBYE_MAILBOXES_H

#include "hub/message_check.h"

#include <sys/types.h>

/* May so many descriptors be open in all? */
void mailboxes_begin(unsigned descriptors);

/* The descriptor is kept, or closed. */
enum message_fault mailboxes_take(pid_t pid, int fd);

/* Looks, where the time has come; when to come again, or UINT64_MAX. */
uint64_t mailboxes_look(uint64_t now_us);

/* What is in them now; in those of one process. */
void mailboxes_take_all(void);
void mailboxes_take_all_of(pid_t pid);

unsigned mailboxes_count(void);

/* Lines for which there was no room, or which were none. */
uint64_t mailboxes_lost(void);

#endif
