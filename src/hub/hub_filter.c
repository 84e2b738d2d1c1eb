/* SPDX-License-Identifier: MIT */
/*
 * See hub_filter.h. The list is what hub.c's rooms call, and what glibc makes of it: malloc, and the kinds of one call
 * that differ by machine (stat, poll, the clock with 64 bits on 32).
 */
#include "hub/hub_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__) && !defined(__ILP32__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define MACHINE AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#endif
/* A sanitizer makes calls of its own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#undef MACHINE
#endif

#ifdef MACHINE

static const unsigned allowed[] = {
	/* messages, held sockets */
	SYS_epoll_ctl,
	SYS_epoll_pwait,
	SYS_accept4,
	SYS_recvmsg,
	SYS_recvfrom,
	SYS_sendmsg,
	SYS_sendto,
	SYS_shutdown,
	SYS_getsockopt,
	SYS_getsockname,
	SYS_getpeername,
	SYS_setsockopt,
	SYS_ioctl,
	SYS_close,
	SYS_read,
	SYS_pidfd_open,
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
#endif
#ifdef SYS_socketcall
	SYS_socketcall,
#endif
	/* mailboxes (fcntl: below) */
	SYS_pread64,
	SYS_pwrite64,
	/* the log */
	SYS_write,
	SYS_openat,
	SYS_fstat,
	SYS_statx,
	SYS_setitimer,
	SYS_rt_sigreturn,
	SYS_ppoll,
#ifdef SYS_newfstatat
	SYS_newfstatat,
#endif
#ifdef SYS_open
	SYS_open,
	SYS_stat,
	SYS_poll,
#endif
#ifdef SYS_fstatat64
	SYS_fstatat64,
	SYS_fstat64,
	SYS_stat64,
	SYS_ppoll_time64,
	SYS_sigreturn,
#endif
	/* memory (mmap: below), time, the end */
	SYS_brk,
	SYS_munmap,
	SYS_mremap,
	SYS_madvise,
	SYS_clock_gettime,
	SYS_getrandom,
	SYS_restart_syscall,
	SYS_futex,
	SYS_exit_group,
	SYS_exit,
	SYS_unlinkat,
#ifdef SYS_clock_gettime64
	SYS_clock_gettime64,
#endif
#ifdef SYS_unlink
	SYS_unlink,
	SYS_rmdir,
#endif
};
enum { ALLOWED = sizeof allowed / sizeof *allowed };

#ifdef SYS_mmap2
#define OUR_MMAP SYS_mmap2
#else
#define OUR_MMAP SYS_mmap
#endif

#ifdef SYS_fcntl64
#define OUR_FCNTL SYS_fcntl64
#else
#define OUR_FCNTL SYS_fcntl
#endif

#define LOAD(field)                      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, field))
#define IF_EQUAL(value, then, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, then, otherwise)
#define ANSWER(value)                    BPF_STMT(BPF_RET | BPF_K, value)

enum { HEAD = 8, TAIL = 10 };

/* The low half of an argument: where it is depends on the machine's order, and all three here are little-endian. */
static const struct sock_filter head[HEAD] = {
	LOAD(arch),
	IF_EQUAL(MACHINE, 1, 0),
	ANSWER(SECCOMP_RET_ERRNO | EPERM), /* the calls of another machine have other numbers */
	LOAD(nr),
	IF_EQUAL(OUR_MMAP, 0, 1),
	BPF_STMT(BPF_JMP | BPF_JA, 2 + ALLOWED * 2 + 1), /* to the tail's second */
	IF_EQUAL(OUR_FCNTL, 0, 1),
	BPF_STMT(BPF_JMP | BPF_JA, ALLOWED * 2 + 5), /* to its sixth */
};
static const struct sock_filter tail[TAIL] = {
	ANSWER(SECCOMP_RET_ERRNO | EPERM),
	LOAD(args[2]), /* memory that is not code */
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
	ANSWER(SECCOMP_RET_ERRNO | EPERM),
	ANSWER(SECCOMP_RET_ALLOW),
	LOAD(args[1]), /* a mailbox's seals */
	IF_EQUAL(F_ADD_SEALS, 1, 0),
	IF_EQUAL(F_GET_SEALS, 0, 1),
	ANSWER(SECCOMP_RET_ALLOW),
	ANSWER(SECCOMP_RET_ERRNO | EPERM),
};

bool hub_filter_install(void)
{
	struct sock_filter code[HEAD + 2 * ALLOWED + TAIL];
	unsigned at = 0;
	for (int i = 0; i < HEAD; i++)
		code[at++] = head[i];
	for (int i = 0; i < ALLOWED; i++) {
		code[at++] = (struct sock_filter)IF_EQUAL(allowed[i], 0, 1);
		code[at++] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
	}
	for (int i = 0; i < TAIL; i++)
		code[at++] = tail[i];
	struct sock_fprog program = {.len = (unsigned short)at, .filter = code};
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

#else

bool hub_filter_install(void)
{
	return false;
}

#endif
