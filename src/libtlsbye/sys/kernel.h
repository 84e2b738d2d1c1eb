/* SPDX-License-Identifier: MIT */
/*
 * The system calls of a drain, as a table: the same drain runs in the hub and in a task of its own (clone.h), where it
 * must not touch what the host's threads use (errno, the loader, another preload's hooks), and in the host, where the
 * next object's function is the one to call (P9).
 *
 * Each answers as the kernel does: a result, or -errno. None is a cancellation point in kernel_raw.
 *
 * Rules: async-signal-safe; kernel_raw touches no thread-local storage, and needs no lazy binding.
 */
#ifndef TLSBYE_KERNEL_H
#define TLSBYE_KERNEL_H

#include "sys/export.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* So often a send that does not wait is repeated: it is seldom interrupted; for ever only by a filter (P10). */
enum { KERNEL_INTERRUPTIONS = 8 };

struct kernel {
	long (*recv)(int fd, void *bytes, size_t size, int flags);
	long (*recvmsg)(int fd, struct msghdr *message, int flags);
	long (*send)(int fd, const void *bytes, size_t size, int flags);
	long (*sendmsg)(int fd, const struct msghdr *message, int flags);
	long (*shutdown)(int fd, int how);
	long (*getsockopt)(int fd, int level, int name, void *value, socklen_t *size);
	long (*setsockopt)(int fd, int level, int name, const void *value, socklen_t size);
	long (*ioctl)(int fd, unsigned long request, int *value);
};

/*
 * By the instruction itself. On a machine for which it is not written here, kernel_has_raw is false: kernel_raw is for
 * ordinary threads only then (it keeps errno), and there are no tasks.
 */
extern const struct kernel kernel_raw INTERNAL;
extern const bool kernel_has_raw INTERNAL;

/* Any other call, six arguments: as kernel_raw. */
long kernel_call(long number, long a, long b, long c, long d, long e, long f);

/* CLOCK_MONOTONIC or CLOCK_REALTIME, in microseconds: as kernel_raw. */
uint64_t kernel_clock_us(int clock);

/* The host's: the next object's functions (real.h). errno is kept. Not in libtask (kernel_libc.c). */
extern const struct kernel kernel_libc INTERNAL;

#endif
