/* SPDX-License-Identifier: MIT */
/*
 * Is this thread provably outside any signal handler? A handler may have interrupted malloc or OpenSSL on this very
 * thread: whoever would call either of them from close() or _exit() asks first.
 *
 * While a handler runs, the frame that the kernel wrote to return from it stands on the stack above it. In a thread whose
 * stack is known, and which is on that stack, no such frame between here and the stack's end means no handler. On any
 * other stack (sigaltstack, a coroutine's), deeper than IN_HANDLER_DEPTH, and on other machines than x86-64, i386 and
 * arm64: in doubt. So it is for a while where the remains of an old frame lie in a hole that nobody has written to.
 *
 * Rules: "outside" is said only where it is proved; in doubt costs time, a wrong "outside" a dead-lock. A handler that
 * was left for good (siglongjmp, swapcontext, an exception) is over: what it interrupted never goes on below it.
 */
#ifndef TLSBYE_IN_HANDLER_H
#define TLSBYE_IN_HANDLER_H

#include "sys/export.h"

#include <stdbool.h>

/* Bytes of stack that are searched at most: 20 us where the caches are cold. */
enum { IN_HANDLER_DEPTH = 256 * 1024 };

/* In the constructor, by the main thread: where its stack is. No system call. */
void in_handler_init(void);

/* Ordinary code, before anybody asks; until then all is in doubt. */
void in_handler_begin(void);

/* Outside any handler, in a thread that may ask later: once it looks up where its stack is, then it is a load. Keeps errno. */
void in_handler_learn_this_thread(void);
extern __thread bool in_handler_knows_thread INTERNAL;
static inline void in_handler_learn_thread(void)
{
	if (__builtin_expect(!in_handler_knows_thread, false))
		in_handler_learn_this_thread();
}

/* Async-signal-safe: no system call, lock or allocation. True: outside; false: inside, or in doubt. */
bool in_handler_is_outside(void);

#endif
