/* SPDX-License-Identifier: MIT */
/*
 * The word TLS to the hub (hub/message.h): this process has a connection. Said once, at the first one, so that the hub can
 * tell of a process that is killed, which tells nothing itself. Of one that had no connection nothing is to be told.
 *
 * Rules: async-signal-safe; costs one look where it was said, or where the hub has no log to tell it in.
 */
#ifndef TLSBYE_TLS_WORD_H
#define TLSBYE_TLS_WORD_H

void tls_word_say(void);

/* The child of a fork has no connection yet: one that it inherits is its own when it speaks. */
void tls_word_child_after_fork(void);

/* Before an exec: the next program may have none, and may know nothing of the hub. */
void tls_word_take_back(void);

#endif
