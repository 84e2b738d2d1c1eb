/* SPDX-License-Identifier: MIT */
/*
 * kernel.h's table for the host's own threads: the functions that stand after ours (real.h), so that another preloaded
 * object sees what it would see of the program (P9).
 *
 * Rules: keeps errno (P5). recv and send are cancellation points: the caller has cancellation disabled.
 */
#include "sys/kernel.h"
#include "sys/real.h"

#include <errno.h>
#include <sys/ioctl.h>

/* As the kernel answers: and the thread's errno as it was. */
static long answer(long result, int saved)
{
	long told = result < 0 ? -errno : result;
	errno = saved;
	return told;
}

static long libc_recv(int fd, void *bytes, size_t size, int flags)
{
	int saved = errno;
	return answer(real.recv(fd, bytes, size, flags), saved);
}

static long libc_recvmsg(int fd, struct msghdr *message, int flags)
{
	int saved = errno;
	return answer(real.recvmsg(fd, message, flags), saved);
}

static long libc_send(int fd, const void *bytes, size_t size, int flags)
{
	int saved = errno;
	return answer(real.send(fd, bytes, size, flags), saved);
}

static long libc_sendmsg(int fd, const struct msghdr *message, int flags)
{
	int saved = errno;
	return answer(real.sendmsg(fd, message, flags), saved);
}

static long libc_shutdown(int fd, int how)
{
	int saved = errno;
	return answer(real.shutdown(fd, how), saved);
}

static long libc_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
	int saved = errno;
	return answer(getsockopt(fd, level, name, value, size), saved);
}

static long libc_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	int saved = errno;
	return answer(real.setsockopt(fd, level, name, value, size), saved);
}

static long libc_ioctl(int fd, unsigned long request, int *value)
{
	int saved = errno;
	return answer(ioctl(fd, request, value), saved);
}

const struct kernel kernel_libc = {
	.recv = libc_recv,
	.recvmsg = libc_recvmsg,
	.send = libc_send,
	.sendmsg = libc_sendmsg,
	.shutdown = libc_shutdown,
	.getsockopt = libc_getsockopt,
	.setsockopt = libc_setsockopt,
	.ioctl = libc_ioctl,
};
