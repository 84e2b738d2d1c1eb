/* SPDX-License-Identifier: MIT */
/*
 * The exported exec family: a close path of its own (release/exec.h), and for a process that only inherited a connection the moment
 * from which it does not hold it any more (P7).
 *
 * Rules: async-signal-safe but for the first look-up of the real functions. The variadic ones go through those with an
 * array, as libc's do.
 */
#include "release/exec.h"

#include "sys/export.h"
#include "sys/real.h"

#include <alloca.h>
#include <stdarg.h>

EXPORT int execve(const char *path, char *const argv[], char *const environment[])
{
	exec_release(EXEC_PATH, path, -1, argv, environment, THIS_CALL);
	return real_execve()(path, argv, environment);
}

EXPORT int execv(const char *path, char *const argv[])
{
	exec_release(EXEC_PATH, path, -1, argv, environ, THIS_CALL);
	return real_execv()(path, argv);
}

EXPORT int execvp(const char *file, char *const argv[])
{
	exec_release(EXEC_SEARCH, file, -1, argv, environ, THIS_CALL);
	return real_execvp()(file, argv);
}

EXPORT int execvpe(const char *file, char *const argv[], char *const environment[])
{
	exec_release(EXEC_SEARCH, file, -1, argv, environment, THIS_CALL);
	return real_execvpe()(file, argv, environment);
}

EXPORT int fexecve(int fd, char *const argv[], char *const environment[])
{
	exec_release(EXEC_DESCRIPTOR, NULL, fd, argv, environment, THIS_CALL);
	return real_fexecve()(fd, argv, environment);
}

/* A path that begins at a folder other than the current one, or has flags, is not followed: it passes through as bare. */
EXPORT int execveat(int folder, const char *path, char *const argv[], char *const environment[], int flags)
{
	if (flags & AT_EMPTY_PATH)
		exec_release(EXEC_DESCRIPTOR, NULL, folder, argv, environment, THIS_CALL);
	else
		exec_release(EXEC_PATH, folder == AT_FDCWD && !flags ? path : NULL, -1, argv, environment,
			     THIS_CALL);
	return real.execveat(folder, path, argv, environment, flags);
}

/* The arguments after the first, up to the NULL that ends them. */
static size_t count(const char *first, va_list rest)
{
	size_t n = 0;
	while (first && (first = va_arg(rest, const char *)))
		n++;
	return n;
}

/* Fills an array of count + 2: the first, the rest, NULL. A program may pass no argument at all. */
static char **collect(char **argv, const char *first, va_list rest)
{
	char **next = argv;
	*next = (char *)(uintptr_t)first;
	while (*next)
		*++next = va_arg(rest, char *);
	return argv;
}

/* An array for the arguments in this function's own stack frame. */
#define ARGV_OF(first)                                                                                       \
	({                                                                                                   \
		va_list rest_;                                                                               \
		va_start(rest_, first);                                                                      \
		size_t n_ = count(first, rest_);                                                             \
		va_end(rest_);                                                                               \
		(char **)alloca((n_ + 2) * sizeof(char *));                                                  \
	})

EXPORT int execl(const char *path, const char *arg, ...)
{
	char **argv = ARGV_OF(arg);
	va_list rest;
	va_start(rest, arg);
	collect(argv, arg, rest);
	va_end(rest);
	exec_release(EXEC_PATH, path, -1, argv, environ, THIS_CALL);
	return real_execv()(path, argv);
}

EXPORT int execlp(const char *file, const char *arg, ...)
{
	char **argv = ARGV_OF(arg);
	va_list rest;
	va_start(rest, arg);
	collect(argv, arg, rest);
	va_end(rest);
	exec_release(EXEC_SEARCH, file, -1, argv, environ, THIS_CALL);
	return real_execvp()(file, argv);
}

EXPORT int execle(const char *path, const char *arg, ...)
{
	char **argv = ARGV_OF(arg);
	va_list rest;
	va_start(rest, arg);
	collect(argv, arg, rest);
	char *const *environment = va_arg(rest, char *const *);
	va_end(rest);
	exec_release(EXEC_PATH, path, -1, argv, environment, THIS_CALL);
	return real_execve()(path, argv, environment);
}
