/* SPDX-License-Identifier: MIT */
/*
 * The exported exec family. A process that executes another program does not hold its connections any more: of those
 * that it shares with others since a fork, the others may then be the last to hold one (P7). Otherwise a helper that a
 * program forks in the middle of a connection would cost it the goodbye.
 *
 * Rules: async-signal-safe but for the first look-up of the real functions; nothing is done in a vfork child, whose
 * birth no fork handler counted. The variadic ones go through those with an array, as libc's do.
 */
#include "export.h"
#include "process.h"
#include "real.h"

#include <alloca.h>
#include <stdarg.h>

EXPORT int execve(const char *path, char *const argv[], char *const environment[])
{
	process_executes();
	return real_exec()->execve(path, argv, environment);
}

EXPORT int execv(const char *path, char *const argv[])
{
	process_executes();
	return real_exec()->execv(path, argv);
}

EXPORT int execvp(const char *file, char *const argv[])
{
	process_executes();
	return real_exec()->execvp(file, argv);
}

EXPORT int execvpe(const char *file, char *const argv[], char *const environment[])
{
	process_executes();
	return real_exec()->execvpe(file, argv, environment);
}

EXPORT int fexecve(int fd, char *const argv[], char *const environment[])
{
	process_executes();
	return real_exec()->fexecve(fd, argv, environment);
}

/* The arguments behind the first, up to the NULL that ends them. */
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
	return execv(path, argv);
}

EXPORT int execlp(const char *file, const char *arg, ...)
{
	char **argv = ARGV_OF(arg);
	va_list rest;
	va_start(rest, arg);
	collect(argv, arg, rest);
	va_end(rest);
	return execvp(file, argv);
}

EXPORT int execle(const char *path, const char *arg, ...)
{
	char **argv = ARGV_OF(arg);
	va_list rest;
	va_start(rest, arg);
	collect(argv, arg, rest);
	char *const *environment = va_arg(rest, char *const *);
	va_end(rest);
	return execve(path, argv, environment);
}
