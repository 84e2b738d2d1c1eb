/* SPDX-License-Identifier: MIT */
/*
 * The exported libc functions: the ways to let go of a descriptor, and what tells us who else has one.
 *
 * Rules: as those of the functions themselves. close, shutdown, dup* and fcntl may be called in a signal handler, in a
 * vfork child, before our constructor and after our exit handler; an untracked descriptor costs one array look-up
 * (P8). What is ours comes before the real function: afterwards the number may be somebody else's already.
 */
#undef _FILE_OFFSET_BITS /* the headers would give some of these the names of others (real.h) */
#undef _TIME_BITS
#include "connection/descriptors.h"
#include "connection/epoll_sets.h"
#include "connection/watchers.h"
#include "linger/abort.h"
#include "release/fd_close.h"
#include "release/fd_shutdown.h"
#include "release/port_reuse.h"
#include "release/process_exit.h"
#include "release/shutdown_both.h"
#include "sys/export.h"
#include "sys/code_range.h"
#include "sys/openssl.h"
#include "sys/real.h"

#include <errno.h>
#include <stdarg.h>

EXPORT int close(int fd)
{
	if (!descriptors_known(fd))
		return real.close(fd);
	return fd_close(fd, THIS_CALL);
}

/* The name that code ported from another system gives to close. */
EXPORT int closesocket(int fd)
{
	if (!descriptors_known(fd) || fd_close_before(fd, THIS_CALL))
		return real_closesocket(fd);
	errno = EBADF;
	return -1;
}

EXPORT int shutdown(int fd, int how)
{
	if (descriptors_known(fd) && fd_shutdown_closes_next(fd, how, CALLER))
		return 0;
	if (!descriptors_known(fd))
		return real.shutdown(fd, how);
	int saved = errno, left = fd_shutdown_before(fd, how, THIS_CALL);
	int result = left == NOTHING_LEFT ? 0 : real.shutdown(fd, left);
	return result == 0 ? 0 : fd_shutdown_failed(fd, saved);
}

EXPORT int close_range(unsigned first, unsigned last, int flags)
{
	/* With CLOSE_RANGE_CLOEXEC nothing is closed; with _UNSHARE other threads keep what they have. */
	if (flags == 0)
		fd_close_before_range(first, last, THIS_CALL);
	return real.close_range(first, last, flags);
}

EXPORT void closefrom(int first)
{
	fd_close_before_range(first < 0 ? 0 : (unsigned)first, ~0U, THIS_CALL);
	real.closefrom(first);
}

/* After the real one: what is loaded in the place of an object that is gone may mean another libssl (openssl.h). */
EXPORT int dlclose(void *handle)
{
	int result = real_dlclose()(handle);
	openssl_forget_callers();
	return result;
}

EXPORT int dup(int fd)
{
	return fd_close_duplicated(fd, real.dup(fd));
}

EXPORT int dup2(int from, int to)
{
	if (from != to && descriptors_known(to))
		fd_close_before_dup_over(from, to, THIS_CALL);
	return fd_close_duplicated(from, real.dup2(from, to));
}

EXPORT int dup3(int from, int to, int flags)
{
	if (from != to && descriptors_known(to))
		fd_close_before_dup_over(from, to, THIS_CALL);
	return fd_close_duplicated(from, real.dup3(from, to, flags));
}

EXPORT int fcntl(int fd, int command, ...)
{
	va_list arguments;
	va_start(arguments, command);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	return fd_close_after_fcntl(fd, command, argument, real.fcntl(fd, command, argument));
}

EXPORT int fcntl64(int fd, int command, ...)
{
	va_list arguments;
	va_start(arguments, command);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	return fd_close_after_fcntl(fd, command, argument, real.fcntl64(fd, command, argument));
}

#if REAL_HAS_TIME64
EXPORT int __fcntl_time64(int fd, int command, ...)
{
	va_list arguments;
	va_start(arguments, command);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	return fd_close_after_fcntl(fd, command, argument, real.__fcntl_time64(fd, command, argument));
}
#endif

EXPORT int bind(int fd, const struct sockaddr *address, socklen_t size)
{
	int saved = errno, result = real.bind(fd, address, size);
	if (result == 0)
		port_reuse_bound(fd);
	if (result == 0 || errno != EADDRINUSE)
		return result;
	result = port_reuse_bind_again(fd, address, size);
	errno = result == 0 ? saved : EADDRINUSE;
	return result;
}

EXPORT int listen(int fd, int backlog)
{
	int saved = errno, result = real.listen(fd, backlog);
	if (result == 0)
		port_reuse_bound(fd);
	if (result == 0 || errno != EADDRINUSE)
		return result;
	result = port_reuse_listen_again(fd, backlog);
	errno = result == 0 ? saved : EADDRINUSE;
	return result;
}

static int linger_set(int level, int name, int result)
{
	if (level == SOL_SOCKET && name == SO_LINGER && result == 0)
		abort_may_be_meant();
	return result;
}

EXPORT int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	return linger_set(level, name, real.setsockopt(fd, level, name, value, size));
}

#if REAL_HAS_TIME64
EXPORT int __setsockopt64(int fd, int level, int name, const void *value, socklen_t size)
{
	return linger_set(level, name, real.__setsockopt64(fd, level, name, value, size));
}
#endif

/* The set's descriptor is remembered: a socket that we hold must leave the set when the program closes it. */
EXPORT int epoll_ctl(int epfd, int operation, int fd, struct epoll_event *event)
{
	if (shutdown_both_anywhere())
		shutdown_both_really(fd);
	int result = real.epoll_ctl(epfd, operation, fd, event);
	if (result == 0 && operation == EPOLL_CTL_ADD) {
		watchers_note_set(fd, epfd);
		if (!epoll_sets_knows(epfd))
			epoll_sets_seen(epfd);
	}
	return result;
}

/* --- the process ends: exit is heard by on_exit (process_exit.c), which main's return comes by, too; exec: exec.c --- */

EXPORT void exit(int status)
{
	process_exit_is_called(THIS_CALL);
	real_exit()(status);
	__builtin_unreachable();
}

/* OpenSSL's own clean-up is put off until our release is over. */
EXPORT int __cxa_atexit(void (*function)(void *), void *argument, void *object)
{
	bool by_atexit = !argument; /* a C++ destructor has one */
	if (code_range_is_main_program(CALLER))
		process_exit_watch();
	if (by_atexit && openssl_is_cleanup(function) && process_exit_cleans_up_later(function))
		return 0;
	return real.__cxa_atexit(function, argument, object);
}

EXPORT int __cxa_at_quick_exit(void (*function)(void *), void *object)
{
	if (code_range_is_main_program(CALLER))
		process_exit_watch_quick();
	return real___cxa_at_quick_exit()(function, object);
}

EXPORT void _exit(int status)
{
	process_exit_at_once(status, THIS_CALL);
	real._exit(status);
	__builtin_unreachable();
}

EXPORT void _Exit(int status)
{
	process_exit_at_once(status, THIS_CALL);
	real._Exit(status);
	__builtin_unreachable();
}

EXPORT void quick_exit(int status)
{
	process_exit_quickly(status, THIS_CALL);
	real_quick_exit()(status);
	__builtin_unreachable();
}
