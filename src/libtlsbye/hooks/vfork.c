/* SPDX-License-Identifier: MIT */
/*
 * The exported functions by which a child begins that shares its parent's memory, and so believes that our records are
 * its own (process.h). glibc's posix_spawn(), system() and popen() use neither of these, and close nothing by a hook.
 *
 * vfork() returns twice, and what the child does between would overwrite the frame of a hook in C that has called it: so
 * the hook is a jump, which leaves the stack as it was. Elsewhere than on these machines it stays unhooked.
 *
 * And fork(), for one thing that no pthread_atfork handler is told: that there is no child.
 */
#include "release/fork.h"
#include "sys/export.h"
#include "sys/process.h"
#include "sys/real.h"

#include <stdarg.h>

#if PROCESS_VFORK_IS_SEEN
__typeof__(vfork) *vfork_before(void) INTERNAL;
__attribute__((used)) __typeof__(vfork) *vfork_before(void)
{
	process_shares_memory();
	return real_vfork();
}

#if defined __x86_64__
#define CALL_AND_JUMP                                                                                        \
	"endbr64\n\t"                                                                                        \
	"subq $8, %rsp\n\t"                                                                                  \
	".cfi_adjust_cfa_offset 8\n\t"                                                                       \
	"call vfork_before\n\t"                                                                              \
	"addq $8, %rsp\n\t"                                                                                  \
	".cfi_adjust_cfa_offset -8\n\t"                                                                      \
	"jmp *%rax\n"
#elif defined __i386__
#define CALL_AND_JUMP                                                                                        \
	"subl $12, %esp\n\t"                                                                                 \
	".cfi_adjust_cfa_offset 12\n\t"                                                                      \
	"call vfork_before\n\t"                                                                              \
	"addl $12, %esp\n\t"                                                                                 \
	".cfi_adjust_cfa_offset -12\n\t"                                                                     \
	"jmp *%eax\n"
#else
#define CALL_AND_JUMP                                                                                        \
	"hint #34\n\t" /* bti c */                                                                           \
	"stp x29, x30, [sp, #-16]!\n\t"                                                                      \
	".cfi_adjust_cfa_offset 16\n\t"                                                                      \
	"bl vfork_before\n\t"                                                                                \
	"mov x16, x0\n\t"                                                                                    \
	"ldp x29, x30, [sp], #16\n\t"                                                                        \
	".cfi_adjust_cfa_offset -16\n\t"                                                                     \
	"br x16\n"
#endif

__asm__(".text\n"
	".globl vfork\n"
	".type vfork, %function\n"
	".globl __vfork\n"
	".set __vfork, vfork\n"
	"vfork:\n\t"
	".cfi_startproc\n\t" CALL_AND_JUMP ".cfi_endproc\n"
	".size vfork, . - vfork\n");
#endif

/* Its child begins in `function`, on another stack. What a caller does not give is not looked at without its flag. */
EXPORT int clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
	va_list others;
	va_start(others, argument);
	pid_t *parent_tid = va_arg(others, pid_t *);
	void *tls = va_arg(others, void *);
	pid_t *child_tid = va_arg(others, pid_t *);
	va_end(others);
	if (flags & CLONE_VM)
		process_shares_memory();
	return real_clone()(function, stack, flags, argument, parent_tid, tls, child_tid);
}

EXPORT pid_t fork(void)
{
	return fork_try(real_fork());
}
