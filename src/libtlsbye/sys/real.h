/* SPDX-License-Identifier: MIT */
/*
 * libc's functions behind the hooks (OpenSSL's: openssl.h).
 *
 * Rules: no member is ever NULL, so that a hook needs no check: they are raw system calls until the constructor ran.
 */
#ifndef TLSBYE_REAL_H
#define TLSBYE_REAL_H

#include "sys/export.h"

#include <stdbool.h>
#include <stdint.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <stdlib.h>
#include <unistd.h>

/* What only newer headers declare, or none. */
int closesocket(int fd);
int __poll_chk(struct pollfd *polled, nfds_t count, int timeout, size_t room);
int __ppoll_chk(struct pollfd *polled, nfds_t count, const struct timespec *timeout, const sigset_t *mask,
		size_t room);
int close_range(unsigned first, unsigned last, int flags);
void closefrom(int first);
int execveat(int folder, const char *path, char *const argv[], char *const environment[], int flags);
int __cxa_atexit(void (*function)(void *), void *argument, void *object);
int __cxa_at_quick_exit(void (*function)(void *), void *object); /* the C++ ABI's; atexit() calls it */

/* System calls that the kernel may have all the same. The numbers are those of every architecture. */
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/*
 * Where a time has 32 bits, or 64 by functions of other names, which the headers put into programs that are built for these
 * (_TIME_BITS=64). Whoever defines hooks must not be built so himself: what he defines would get those names.
 */
#if defined __GLIBC__ && __GLIBC_PREREQ(2, 34) && __TIMESIZE == 32
#define REAL_HAS_TIME64 1
int __fcntl_time64(int fd, int command, ...);
int __setsockopt64(int fd, int level, int name, const void *value, socklen_t size);
struct real_timespec64;
struct real_timeval64;
int __ppoll64(struct pollfd *polled, nfds_t count, const struct real_timespec64 *timeout,
	      const sigset_t *mask);
int __select64(int count, fd_set *restrict reading, fd_set *restrict writing, fd_set *restrict failing,
	       struct real_timeval64 *restrict timeout);
int __pselect64(int count, fd_set *restrict reading, fd_set *restrict writing, fd_set *restrict failing,
		const struct real_timespec64 *restrict timeout, const sigset_t *restrict mask);
ssize_t __recvmsg64(int fd, struct msghdr *message, int flags);
ssize_t __sendmsg64(int fd, const struct msghdr *message, int flags);
int __recvmmsg64(int fd, struct mmsghdr *messages, unsigned count, int flags,
		 struct real_timespec64 *timeout);
int __sendmmsg64(int fd, struct mmsghdr *messages, unsigned count, int flags);
#define REAL_LATE_TIME64(X)                                                                                  \
	X(__recvmmsg64)                                                                                      \
	X(__sendmmsg64)
#define REAL_TIME64(X)                                                                                       \
	X(__fcntl_time64)                                                                                    \
	X(__setsockopt64)                                                                                    \
	X(__ppoll64)                                                                                         \
	X(__select64)                                                                                        \
	X(__pselect64)                                                                                       \
	X(__recvmsg64)                                                                                       \
	X(__sendmsg64)
#else
#define REAL_HAS_TIME64 0
#define REAL_LATE_TIME64(X)
#define REAL_TIME64(X)
#endif

/* The first is where hooks/syscall.c jumps to. */
#define REAL_LIBC(X)                                                                                         \
	X(syscall)                                                                                           \
	X(close)                                                                                             \
	X(shutdown)                                                                                          \
	X(dup)                                                                                               \
	X(dup2)                                                                                              \
	X(dup3)                                                                                              \
	X(fcntl)                                                                                             \
	X(fcntl64)                                                                                           \
	X(bind)                                                                                              \
	X(listen)                                                                                            \
	X(setsockopt)                                                                                        \
	X(close_range)                                                                                       \
	X(closefrom)                                                                                         \
	X(execveat)                                                                                          \
	X(epoll_ctl)                                                                                         \
	X(_exit)                                                                                             \
	X(_Exit)                                                                                             \
	X(__cxa_atexit)                                                                                      \
	X(fdopen)                                                                                            \
	X(fclose)                                                                                            \
	X(freopen)                                                                                           \
	X(freopen64)                                                                                         \
	X(poll)                                                                                              \
	X(ppoll)                                                                                             \
	X(select)                                                                                            \
	X(pselect)

/* Looked up when first called, and not at the start of every process: without a lock (next.h). */
#define REAL_LATE(X)                                                                                         \
	X(recvmmsg)                                                                                          \
	X(sendmmsg)                                                                                          \
	X(exit)                                                                                              \
	X(execve)                                                                                            \
	X(execv)                                                                                             \
	X(execvp)                                                                                            \
	X(execvpe)                                                                                           \
	X(fexecve)                                                                                           \
	X(posix_spawn)                                                                                       \
	X(posix_spawnp)                                                                                      \
	X(quick_exit)                                                                                        \
	X(__cxa_at_quick_exit)                                                                               \
	X(dlclose)                                                                                           \
	X(chroot)                                                                                            \
	X(unshare)                                                                                           \
	X(setns)                                                                                             \
	X(fork)                                                                                              \
	X(vfork)                                                                                             \
	X(clone)

#define REAL_IO(X)                                                                                           \
	X(read)                                                                                              \
	X(readv)                                                                                             \
	X(recv)                                                                                              \
	X(recvfrom)                                                                                          \
	X(recvmsg)                                                                                           \
	X(write)                                                                                             \
	X(writev)                                                                                            \
	X(send)                                                                                              \
	X(sendto)                                                                                            \
	X(sendmsg)

#define REAL_MEMBER(name) __typeof__(name) *name;

struct real_libc {
	REAL_LIBC(REAL_MEMBER)
	REAL_IO(REAL_MEMBER)
	REAL_TIME64(REAL_MEMBER)
};
extern struct real_libc real INTERNAL;

#define REAL_LATE_ONE(name) __typeof__(name) *real_##name(void);
REAL_LATE(REAL_LATE_ONE)
REAL_LATE_TIME64(REAL_LATE_ONE)
#undef REAL_LATE_ONE

#undef REAL_MEMBER

/* Constructor, or before it where another library's constructor calls a hook that cannot do without. */
void real_init(void);

/*
 * The closesocket that comes after ours, or close: nobody but ported code defines one. Looked up when it is first
 * called, and not at the start of every process.
 */
int real_closesocket(int fd);

#endif
