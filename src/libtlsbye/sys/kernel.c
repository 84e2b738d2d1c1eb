/* SPDX-License-Identifier: MIT */
/*
 * See kernel.h. The instruction is written here, once for each machine, because syscall(2) of libc answers by errno,
 * which lies in the storage of a thread that a task of ours does not have.
 */
#include "sys/kernel.h"

#include <linux/time_types.h>
#include <stdint.h>
#include <sys/syscall.h>

#if defined __x86_64__ && !defined __ILP32__
const bool kernel_has_raw = true;
long kernel_call(long number, long a, long b, long c, long d, long e, long f)
{
	long result;
	register long fourth __asm__("r10") = d;
	register long fifth __asm__("r8") = e;
	register long sixth __asm__("r9") = f;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined __i386__
const bool kernel_has_raw = true;
/* ebx and ebp are needed by the compiler (the object's base, the frame): they wait on the stack meanwhile. */
long kernel_call(long number, long a, long b, long c, long d, long e, long f)
{
	const long others[] = {number, a, f};
	long result;
	__asm__ volatile("pushl %%ebx\n\t"
			 "pushl %%ebp\n\t"
			 "movl 4(%%eax), %%ebx\n\t"
			 "movl 8(%%eax), %%ebp\n\t"
			 "movl (%%eax), %%eax\n\t"
			 "int $0x80\n\t"
			 "popl %%ebp\n\t"
			 "popl %%ebx"
			 : "=a"(result)
			 : "0"(others), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory");
	return result;
}
#elif defined __aarch64__
const bool kernel_has_raw = true;
long kernel_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long which __asm__("x8") = number;
	register long first __asm__("x0") = a;
	register long second __asm__("x1") = b;
	register long third __asm__("x2") = c;
	register long fourth __asm__("x3") = d;
	register long fifth __asm__("x4") = e;
	register long sixth __asm__("x5") = f;
	__asm__ volatile("svc 0"
			 : "+r"(first)
			 : "r"(which), "r"(second), "r"(third), "r"(fourth), "r"(fifth), "r"(sixth)
			 : "memory");
	return first;
}
#else
#include <errno.h>
#include <unistd.h>
const bool kernel_has_raw = false;
long kernel_call(long number, long a, long b, long c, long d, long e, long f)
{
	int saved = errno;
	long result = syscall(number, a, b, c, d, e, f);
	if (result < 0)
		result = -errno;
	errno = saved;
	return result;
}
#endif

/* Where time_t is of 32 bits, the calls of 64 have names of their own. */
#ifdef SYS_clock_gettime64
#define CLOCK_GETTIME SYS_clock_gettime64
#else
#define CLOCK_GETTIME SYS_clock_gettime
#endif

uint64_t kernel_clock_us(int clock)
{
	struct __kernel_timespec now = {0};
	kernel_call(CLOCK_GETTIME, clock, (long)&now, 0, 0, 0, 0);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static long raw_recv(int fd, void *bytes, size_t size, int flags)
{
	return kernel_call(SYS_recvfrom, fd, (long)bytes, (long)size, flags, 0, 0);
}

static long raw_recvmsg(int fd, struct msghdr *message, int flags)
{
	return kernel_call(SYS_recvmsg, fd, (long)message, flags, 0, 0, 0);
}

static long raw_send(int fd, const void *bytes, size_t size, int flags)
{
	return kernel_call(SYS_sendto, fd, (long)bytes, (long)size, flags, 0, 0);
}

static long raw_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return kernel_call(SYS_sendmsg, fd, (long)message, flags, 0, 0, 0);
}

static long raw_shutdown(int fd, int how)
{
	return kernel_call(SYS_shutdown, fd, how, 0, 0, 0, 0);
}

static long raw_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
	return kernel_call(SYS_getsockopt, fd, level, name, (long)value, (long)size, 0);
}

static long raw_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	return kernel_call(SYS_setsockopt, fd, level, name, (long)value, (long)size, 0);
}

static long raw_ioctl(int fd, unsigned long request, int *value)
{
	return kernel_call(SYS_ioctl, fd, (long)request, (long)value, 0, 0, 0);
}

const struct kernel kernel_raw = {
	.recv = raw_recv,
	.recvmsg = raw_recvmsg,
	.send = raw_send,
	.sendmsg = raw_sendmsg,
	.shutdown = raw_shutdown,
	.getsockopt = raw_getsockopt,
	.setsockopt = raw_setsockopt,
	.ioctl = raw_ioctl,
};
