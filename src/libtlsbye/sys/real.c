/* SPDX-License-Identifier: MIT */
/*
 * Finding the real functions of libc: in the constructor, so that no hook has to do it; those that are seldom called when they
 * are first called, perhaps by a signal handler. So without the loader's lock (next.h), where that can be; dlsym(RTLD_NEXT)
 * takes it. What is called before is a raw system call, or, where there is none of that kind, looked up at once.
 *
 * Rules: dlsym must not be the last statement of its function: as a tail call it would be taken for our caller's.
 */
#include "sys/real.h"

#include "sys/kernel.h"
#include "sys/next.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>

enum { ERRNO_MAX = 4095 }; /* MAX_ERRNO in Linux */

/* Not by libc's syscall(), which is a hook of ours (hooks/syscall.c). */
static long raw(long number, long a, long b, long c, long d, long e, long f)
{
	long result = kernel_call(number, a, b, c, d, e, f);
	if (result >= 0 || result < -ERRNO_MAX)
		return result;
	errno = (int)-result;
	return -1;
}

static long raw_syscall(long number, ...)
{
	long a[6];
	va_list arguments;
	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(arguments, long);
	va_end(arguments);
	return raw(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static int raw_close(int fd)
{
	return (int)raw(SYS_close, fd, 0, 0, 0, 0, 0);
}

static int raw_shutdown(int fd, int how)
{
	return (int)raw(SYS_shutdown, fd, how, 0, 0, 0, 0);
}

static int raw_dup(int fd)
{
	return (int)raw(SYS_dup, fd, 0, 0, 0, 0, 0);
}

static int raw_dup3(int from, int to, int flags)
{
	return (int)raw(SYS_dup3, from, to, flags, 0, 0, 0);
}

static int raw_dup2(int from, int to)
{
	/* dup2(fd, fd) is a test for an open descriptor; dup3 refuses it. */
	if (from == to)
		return raw(SYS_fcntl, from, F_GETFD, 0, 0, 0, 0) < 0 ? -1 : to;
	return raw_dup3(from, to, 0);
}

static int raw_fcntl(int fd, int command, ...)
{
	va_list arguments;
	va_start(arguments, command);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	return (int)raw(SYS_fcntl, fd, command, (long)argument, 0, 0, 0);
}

static int raw_bind(int fd, __CONST_SOCKADDR_ARG address, socklen_t size)
{
	return (int)raw(SYS_bind, fd, (long)address.__sockaddr__, (long)size, 0, 0, 0);
}

static int raw_listen(int fd, int backlog)
{
	return (int)raw(SYS_listen, fd, backlog, 0, 0, 0, 0);
}

static int raw_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	return (int)raw(SYS_setsockopt, fd, level, name, (long)value, (long)size, 0);
}

/* These three are what a libc lacks that is older than its function (2.34), where nobody else has brought one. */
static int raw_close_range(unsigned first, unsigned last, int flags)
{
	return (int)raw(SYS_close_range, (long)first, (long)last, flags, 0, 0, 0);
}

static void raw_closefrom(int first)
{
	raw_close_range(first < 0 ? 0 : (unsigned)first, ~0U, 0);
}

static int raw_execveat(int folder, const char *path, char *const argv[], char *const environment[],
			int flags)
{
	return (int)raw(SYS_execveat, folder, (long)path, (long)argv, (long)environment, flags, 0);
}

static void raw_exit(int status)
{
	raw(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

static int raw_epoll_ctl(int epfd, int operation, int fd, struct epoll_event *event)
{
	return (int)raw(SYS_epoll_ctl, epfd, operation, fd, (long)event, 0, 0);
}

/* Static constructors of C++ libraries may come before ours. */
static int early_atexit(void (*function)(void *), void *argument, void *object)
{
	real_init();
	return real.__cxa_atexit == early_atexit ? -1 : real.__cxa_atexit(function, argument, object);
}

/* What is no plain system call is looked up at once, where another library's constructor comes first. */
static FILE *early_fdopen(int fd, const char *mode)
{
	real_init();
	return real.fdopen(fd, mode);
}

static int early_fclose(FILE *stream)
{
	real_init();
	return real.fclose(stream);
}

static FILE *early_freopen(const char *path, const char *mode, FILE *stream)
{
	real_init();
	return real.freopen(path, mode, stream);
}

static FILE *early_freopen64(const char *path, const char *mode, FILE *stream)
{
	real_init();
	return real.freopen64(path, mode, stream);
}

static int early_poll(struct pollfd *polled, nfds_t count, int timeout)
{
	real_init();
	return real.poll(polled, count, timeout);
}

static int early_ppoll(struct pollfd *polled, nfds_t count, const struct timespec *timeout,
		       const sigset_t *mask)
{
	real_init();
	return real.ppoll(polled, count, timeout, mask);
}

static int early_select(int count, fd_set *restrict reading, fd_set *restrict writing,
			fd_set *restrict failing, struct timeval *restrict timeout)
{
	real_init();
	return real.select(count, reading, writing, failing, timeout);
}

static int early_pselect(int count, fd_set *restrict reading, fd_set *restrict writing,
			 fd_set *restrict failing, const struct timespec *restrict timeout,
			 const sigset_t *restrict mask)
{
	real_init();
	return real.pselect(count, reading, writing, failing, timeout, mask);
}

static ssize_t raw_read(int fd, void *buf, size_t size)
{
	return raw(SYS_read, fd, (long)buf, (long)size, 0, 0, 0);
}

static ssize_t raw_readv(int fd, const struct iovec *parts, int count)
{
	return raw(SYS_readv, fd, (long)parts, count, 0, 0, 0);
}

static ssize_t raw_recvfrom(int fd, void *__restrict buf, size_t size, int flags, __SOCKADDR_ARG from,
			    socklen_t *__restrict from_size)
{
	return raw(SYS_recvfrom, fd, (long)buf, (long)size, flags, (long)from.__sockaddr__, (long)from_size);
}

static ssize_t raw_recv(int fd, void *buf, size_t size, int flags)
{
	return raw(SYS_recvfrom, fd, (long)buf, (long)size, flags, 0, 0);
}

static ssize_t raw_recvmsg(int fd, struct msghdr *message, int flags)
{
	return raw(SYS_recvmsg, fd, (long)message, flags, 0, 0, 0);
}

static ssize_t raw_write(int fd, const void *buf, size_t size)
{
	return raw(SYS_write, fd, (long)buf, (long)size, 0, 0, 0);
}

static ssize_t raw_writev(int fd, const struct iovec *parts, int count)
{
	return raw(SYS_writev, fd, (long)parts, count, 0, 0, 0);
}

static ssize_t raw_sendto(int fd, const void *buf, size_t size, int flags, __CONST_SOCKADDR_ARG to,
			  socklen_t to_size)
{
	return raw(SYS_sendto, fd, (long)buf, (long)size, flags, (long)to.__sockaddr__, (long)to_size);
}

static ssize_t raw_send(int fd, const void *buf, size_t size, int flags)
{
	return raw(SYS_sendto, fd, (long)buf, (long)size, flags, 0, 0);
}

static ssize_t raw_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return raw(SYS_sendmsg, fd, (long)message, flags, 0, 0, 0);
}

#if REAL_HAS_TIME64
static int early_ppoll64(struct pollfd *polled, nfds_t count, const struct real_timespec64 *timeout,
			 const sigset_t *mask)
{
	real_init();
	return real.__ppoll64(polled, count, timeout, mask);
}

static int early_select64(int count, fd_set *restrict reading, fd_set *restrict writing,
			  fd_set *restrict failing, struct real_timeval64 *restrict timeout)
{
	real_init();
	return real.__select64(count, reading, writing, failing, timeout);
}

static int early_pselect64(int count, fd_set *restrict reading, fd_set *restrict writing,
			   fd_set *restrict failing, const struct real_timespec64 *restrict timeout,
			   const sigset_t *restrict mask)
{
	real_init();
	return real.__pselect64(count, reading, writing, failing, timeout, mask);
}

#endif

struct real_libc real = {
	.syscall = raw_syscall,
	.close = raw_close,
	.shutdown = raw_shutdown,
	.dup = raw_dup,
	.dup2 = raw_dup2,
	.dup3 = raw_dup3,
	.fcntl = raw_fcntl,
	.fcntl64 = raw_fcntl,
	.bind = raw_bind,
	.listen = raw_listen,
	.setsockopt = raw_setsockopt,
	.close_range = raw_close_range,
	.closefrom = raw_closefrom,
	.execveat = raw_execveat,
	.epoll_ctl = raw_epoll_ctl,
	._exit = raw_exit,
	._Exit = raw_exit,
	.__cxa_atexit = early_atexit,
	.fdopen = early_fdopen,
	.fclose = early_fclose,
	.freopen = early_freopen,
	.freopen64 = early_freopen64,
	.poll = early_poll,
	.ppoll = early_ppoll,
	.select = early_select,
	.pselect = early_pselect,
	.read = raw_read,
	.readv = raw_readv,
	.recv = raw_recv,
	.recvfrom = raw_recvfrom,
	.recvmsg = raw_recvmsg,
	.write = raw_write,
	.writev = raw_writev,
	.send = raw_send,
	.sendto = raw_sendto,
	.sendmsg = raw_sendmsg,
#if REAL_HAS_TIME64
	.__fcntl_time64 = raw_fcntl,
	.__setsockopt64 = raw_setsockopt,
	.__ppoll64 = early_ppoll64,
	.__select64 = early_select64,
	.__pselect64 = early_pselect64,
	.__recvmsg64 = raw_recvmsg,
	.__sendmsg64 = raw_sendmsg,
#endif
};

/* NULL: this libc lacks it, which is not for the program to find in dlerror(). */
static void *ask_loader(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);
	dlerror();
	return found;
}

/* As the members stand in real_libc. */
#define NAME(name) #name "\0"
static const char names[] = REAL_LIBC(NAME) REAL_IO(NAME) REAL_TIME64(NAME);
#undef NAME

void real_init(void)
{
	enum { COUNT = sizeof real / sizeof(void *) };
	void *found[COUNT];
	const char *name = names;
	next_find_all(names, COUNT, found);
	for (unsigned i = 0; i < COUNT; i++, name += strlen(name) + 1) {
		void *function = found[i] ? found[i] : ask_loader(name);
		if (function)
			memcpy((char *)&real + i * sizeof function, &function, sizeof function);
	}
}

static void *find_late(const char *name)
{
	void *found = next_find(name);
	return found ? found : ask_loader(name);
}

/* Two threads may look at the same time: they find the same. */
#define LATE(name)                                                                                           \
	__typeof__(name) *real_##name(void)                                                                  \
	{                                                                                                    \
		static __typeof__(name) *_Atomic found;                                                      \
		if (!found)                                                                                  \
			found = (__typeof__(name) *)find_late(#name);                                        \
		return found;                                                                                \
	}
REAL_LATE(LATE)
REAL_LATE_TIME64(LATE)
#undef LATE

int real_closesocket(int fd)
{
	static int (*_Atomic found)(int);
	if (!found) {
		int (*theirs)(int) = (int (*)(int))find_late("closesocket");
		found = theirs ? theirs : real.close;
	}
	return found(fd);
}
