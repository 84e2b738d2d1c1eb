/* SPDX-License-Identifier: MIT */
/*
 * A descriptor of ours that stands in the program's table for the length of one call (P9): no fork takes place meanwhile,
 * so that no child inherits it; another thread that closes its number, or puts something there by dup2, waits until it is
 * gone.
 *
 * Rules: async-signal-safe; the calling thread has its signals blocked, or a handler would wait for its own thread. What
 * opens it comes between lent_begin and lent_mark. Every wait is bounded.
 */
#ifndef TLSBYE_LENT_H
#define TLSBYE_LENT_H

#include "connection/descriptors.h"

void lent_begin(void);
void lent_mark(int fd); /* negative: nothing was opened */
void lent_close(int fd);
void lent_end(void);

/* Is the number ours at this moment? */
static inline bool lent_is(int fd)
{
	return (unsigned)fd < DESCRIPTOR_LIMIT && atomic_load(&descriptors_slots[fd]) == SLOT_OURS;
}

/* Then it is not, on return. */
void lent_await_close(int fd);
static inline void lent_await(int fd)
{
	if (__builtin_expect(lent_is(fd), false))
		lent_await_close(fd);
}

/* For the fork handlers. */
void lent_before_fork(void);
void lent_after_fork(void);
void lent_child_after_fork(void);

#endif
