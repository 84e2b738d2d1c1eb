/* SPDX-License-Identifier: MIT */
/*
 * The situations in which check_in_handler asks: in_handler_situations.c has those on the stack that main has, in_handler_stacks.c
 * those on others. Each asks once or more; what it leaves in `said` is the answer.
 */
#ifndef IN_HANDLER_SITUATIONS_H
#define IN_HANDLER_SITUATIONS_H

#include <signal.h>

/* Name, function, and whether it is plain code: then "outside" must be said, else it must not. */
#define SITUATIONS(X)                                                                                        \
	X("main thread", ask, true)                                                                          \
	X("after a handler", after_handler, true)                                                            \
	X("with a buffer where sigaction was", after_sigaction, true)                                        \
	X("after siglongjmp", after_siglongjmp, true)                                                        \
	X("after siglongjmp off the alternate stack", after_siglongjmp_off_alternate_stack, true)            \
	X("after a handler on the alternate stack", with_alternate_stack, true)                              \
	X("half deep", half_deep, true)                                                                      \
	X("child of fork", forked, true)                                                                     \
	X("child of vfork", vforked, true)                                                                   \
	X("after a coroutine", after_coroutine, true)                                                        \
	X("thread", thread, true)                                                                            \
	X("thread with a stack of its own", thread_with_own_stack, true)                                     \
	X("thread, child of fork", thread_that_forks, true)                                                  \
	X("thread, half deep", thread_half_deep, true)                                                       \
	X("thread on the stack of another", thread_after_another, true)                                      \
	X("handler", in_handler, false)                                                                      \
	X("handler with siginfo", with_info, false)                                                          \
	X("handler that is reset", in_reset_handler, false)                                                  \
	X("handler with SA_NODEFER", in_nodefer_handler, false)                                              \
	X("handler in a handler", in_nested_handler, false)                                                  \
	X("handler on the alternate stack", on_alternate_stack, false)                                       \
	X("handler on a disarmed stack", on_disarmed_stack, false)                                           \
	X("handler on an alternate stack inside the stack", on_stack_inside_stack, false)                    \
	X("handler, deep", in_deep_handler, false)                                                           \
	X("handler, child of fork and vfork", forked_in_handler, false)                                      \
	X("handler, child of clone", cloned_in_handler, false)                                               \
	X("handler of a fault", in_fault, false)                                                             \
	X("handler in malloc", in_malloc, false)                                                             \
	X("handler in a leaf function", in_leaf, false)                                                      \
	X("handler that clears the segments", with_cleared_segments, false)                                  \
	X("handler with a restorer of its own", with_own_restorer, false)                                    \
	X("coroutine", in_coroutine, false)                                                                  \
	X("handler in a coroutine", in_handler_in_coroutine, false)                                          \
	X("handler in a coroutine inside the stack", in_handler_in_coroutine_inside_stack, false)            \
	X("thread that has not learned", thread_that_has_not_learned, false)                                 \
	X("handler in a thread", handler_in_thread, false)                                                   \
	X("handler in a thread inside the stack", handler_in_thread_inside_stack, false)

#define DECLARE(name, function, plain) void function(void);
SITUATIONS(DECLARE)
#undef DECLARE

enum { KB = 1024, STACK = 256 * KB };
enum answer { DOUBT = 64, OUTSIDE, ERRNO_CHANGED, NOT_ASKED }; /* exit statuses that nothing else has */

extern volatile sig_atomic_t said; /* OUTSIDE once is OUTSIDE until forgotten */

/* ask() is a situation as well: plain code. */
void asks(int sig);

void handle(int sig, void (*handler)(int), int flags);

/* Installs a handler of SIGUSR1, and raises it. */
void interrupt(void (*handler)(int), int flags);

/* then() with so many more KB of stack in use. */
int deep(int kb, void (*then)(void));

#endif
