/* SPDX-License-Identifier: MIT */
/*
 * syscall(2), by which a program closes, copies or shuts a descriptor past the functions that libc has for it; and
 * pidfd_getfd(2), which fetches one.
 *
 * It is a jump to the next object's syscall(), with one look at the number: no stack frame, no register that a child which shares
 * our stack, or an argument of the caller's, could miss. Only the numbers of `syscall_watched` go through C, with as many arguments as
 * there can be: those that the caller did not give are whatever stands there, as they are in libc, and the kernel does not look at
 * them. Elsewhere than on these machines syscall() stays unhooked.
 *
 * Rules: as those of close (libc.c). None of these is a cancellation point, as little as the real one is: nothing but
 * syscall() itself is called for the program.
 */
#include "connection/copies.h"
#include "connection/descriptors.h"
#include "release/fd_close.h"
#include "release/fd_shutdown.h"
#include "release/process_exit.h"
#include "release/shutdown_both.h"
#include "sys/export.h"
#include "sys/real.h"

#include <errno.h>

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438 /* of every architecture */
#endif

int pidfd_getfd(int pidfd, int fd, unsigned flags);

static int fetched(int fd)
{
	if (fd >= 0)
		copies_fetched(fd);
	return fd;
}

/* glibc has it since 2.36; what it does is this. */
EXPORT int pidfd_getfd(int pidfd, int fd, unsigned flags)
{
	return fetched((int)real.syscall(SYS_pidfd_getfd, pidfd, fd, flags));
}

#if (defined __x86_64__ && !defined __ILP32__) || defined __i386__ || defined __aarch64__

enum { NUMBERS = 512 }; /* above are no calls of ours; a power of two more than there are */

/* Old machines have older calls beside these. */
#ifdef SYS_dup2
#define IF_DUP2(X) X(SYS_dup2)
#else
#define IF_DUP2(X)
#endif
#ifdef SYS_fcntl64
#define IF_FCNTL64(X) X(SYS_fcntl64)
#else
#define IF_FCNTL64(X)
#endif

#define WATCHED(X)                                                                                           \
	X(SYS_close)                                                                                         \
	X(SYS_close_range)                                                                                   \
	X(SYS_shutdown)                                                                                      \
	X(SYS_dup)                                                                                           \
	IF_DUP2(X)                                                                                           \
	X(SYS_dup3)                                                                                          \
	X(SYS_fcntl)                                                                                         \
	IF_FCNTL64(X)                                                                                        \
	X(SYS_pidfd_getfd)                                                                                   \
	X(SYS_sendmsg)                                                                                       \
	X(SYS_sendmmsg)                                                                                      \
	X(SYS_recvmsg)                                                                                       \
	X(SYS_recvmmsg)                                                                                      \
	X(SYS_exit_group)

#define WATCH(number) [number] = 1,
extern const unsigned char syscall_watched[NUMBERS] INTERNAL;
__attribute__((used)) const unsigned char syscall_watched[NUMBERS] = {WATCHED(WATCH)};
#undef WATCH

/* The jump of the asm goes to its first member. */
_Static_assert(offsetof(struct real_libc, syscall) == 0, "real.syscall is the first");

/* False: nothing is left to be done, and `*result` is the answer. */
static bool may_close(int fd, struct call call, long *result)
{
	if (!descriptors_known(fd) || fd_close_before(fd, call))
		return true;
	errno = EBADF;
	*result = -1;
	return false;
}

static bool may_shut(int fd, long *how, struct call call, long *result)
{
	*result = 0;
	if (!descriptors_known(fd))
		return true;
	if (fd_shutdown_closes_next(fd, (int)*how, call.from))
		return false;
	*how = fd_shutdown_before(fd, (int)*how, call);
	return *how != NOTHING_LEFT;
}

static bool before(long number, long a, long *b, long c, struct call call, long *result)
{
	switch (number) {
	case SYS_close:
		return may_close((int)a, call, result);
	case SYS_shutdown:
		return may_shut((int)a, b, call, result);
	case SYS_close_range:
		if (c == 0)
			fd_close_before_range((unsigned)a, (unsigned)*b, call);
		return true;
#ifdef SYS_dup2
	case SYS_dup2:
#endif
	case SYS_dup3:
		if ((int)a != (int)*b && descriptors_known((int)*b))
			fd_close_before_dup_over((int)a, (int)*b, call);
		return true;
	case SYS_recvmmsg:
		if (shutdown_both_anywhere())
			shutdown_both_really((int)a);
		return true;
	case SYS_exit_group:
		process_exit_at_once((int)a, call);
		return true;
	default:
		return true;
	}
}

static void after_messages(long number, long fd, const struct mmsghdr *messages, long flags, long count)
{
	for (long i = 0; i < count; i++)
		if (number == SYS_sendmmsg)
			copies_sent(&messages[i].msg_hdr);
		else
			copies_received((int)fd, &messages[i].msg_hdr, (int)flags);
}

/* After a call that succeeded. */
static void after(long number, long a, long b, long c, long d, long result)
{
	switch (number) {
	case SYS_dup:
#ifdef SYS_dup2
	case SYS_dup2:
#endif
	case SYS_dup3:
		fd_close_duplicated((int)a, (int)result);
		return;
	case SYS_fcntl:
#ifdef SYS_fcntl64
	case SYS_fcntl64:
#endif
		fd_close_after_fcntl((int)a, (int)b, (const void *)c, (int)result);
		return;
	case SYS_pidfd_getfd:
		copies_fetched((int)result);
		return;
	case SYS_sendmsg:
		copies_sent((const struct msghdr *)b);
		return;
	case SYS_recvmsg:
		copies_received((int)a, (const struct msghdr *)b, (int)c);
		return;
	case SYS_sendmmsg:
	case SYS_recvmmsg:
		after_messages(number, a, (const struct mmsghdr *)b, d, result);
		return;
	default:
		return;
	}
}

long syscall_seen(long number, long a, long b, long c, long d, long e, long f) INTERNAL;
__attribute__((used)) long syscall_seen(long number, long a, long b, long c, long d, long e, long f)
{
	long result;
	if (!before(number, a, &b, c, (struct call){"syscall", CALLER}, &result))
		return result;
	result = real.syscall(number, a, b, c, d, e, f);
	if (result >= 0)
		after(number, a, b, c, d, result);
	return result;
}

/*
 * The arguments stay where they are: in the registers and on the stack a function of so many longs finds them there, whether its
 * caller took it for one or for syscall(long, ...).
 */
#if defined __x86_64__
#define LOOK_AND_JUMP                                                                                        \
	"endbr64\n\t"                                                                                        \
	"cmpq $511, %rdi\n\t"                                                                                \
	"ja 1f\n\t"                                                                                          \
	"leaq syscall_watched(%rip), %r11\n\t"                                                               \
	"cmpb $0, (%r11,%rdi)\n\t"                                                                           \
	"jne syscall_seen\n"                                                                                 \
	"1:\n\t"                                                                                             \
	"jmp *real(%rip)\n"
#elif defined __i386__
#define LOOK_AND_JUMP                                                                                        \
	"endbr32\n\t"                                                                                        \
	"call 2f\n"                                                                                          \
	"2:\n\t"                                                                                             \
	".cfi_adjust_cfa_offset 4\n\t"                                                                       \
	"popl %ecx\n\t"                                                                                      \
	".cfi_adjust_cfa_offset -4\n\t"                                                                      \
	"movl 4(%esp), %eax\n\t"                                                                             \
	"cmpl $511, %eax\n\t"                                                                                \
	"ja 1f\n\t"                                                                                          \
	"cmpb $0, syscall_watched-2b(%ecx,%eax)\n\t"                                                         \
	"jne syscall_seen\n"                                                                                 \
	"1:\n\t"                                                                                             \
	"jmp *real-2b(%ecx)\n"
#else
#define LOOK_AND_JUMP                                                                                        \
	"hint #34\n\t" /* bti c */                                                                           \
	"cmp x0, #511\n\t"                                                                                   \
	"b.hi 1f\n\t"                                                                                        \
	"adrp x16, syscall_watched\n\t"                                                                      \
	"add x16, x16, #:lo12:syscall_watched\n\t"                                                           \
	"ldrb w16, [x16, x0]\n\t"                                                                            \
	"cbnz w16, syscall_seen\n"                                                                           \
	"1:\n\t"                                                                                             \
	"adrp x16, real\n\t"                                                                                 \
	"ldr x16, [x16, #:lo12:real]\n\t"                                                                    \
	"br x16\n"
#endif

__asm__(".text\n"
	".globl syscall\n"
	".type syscall, %function\n"
	"syscall:\n\t"
	".cfi_startproc\n\t" LOOK_AND_JUMP ".cfi_endproc\n"
	".size syscall, . - syscall\n");

#endif
