/* SPDX-License-Identifier: MIT */
/*
 * The exported exec family: a close path of its own (release/exec.h), and for a process that only inherited a connection the moment
 * from which it does not hold it any more (P7). A program that cannot take the object gets an environment without it (release/preload.h),
 * by posix_spawn, too. What libc executes inside itself, system() and popen(), passes by no hook: that is a shell, which has hooks again.
 *
 * Rules: async-signal-safe. The variadic ones go through those with an array, as libc's do.
 */
#include "release/exec.h"
#include "release/preload.h"

#include "sys/export.h"
#include "sys/real.h"

#include <alloca.h>
#include <spawn.h>
#include <stdarg.h>
#include <string.h>

/* The function that the program has called where nothing is to be changed: another preload's hook of it sees the call. */
static int execute(const char *path, char *const argv[], char *const environment[])
{
	return environment == environ ? real_execv()(path, argv) : real_execve()(path, argv, environment);
}

static int execute_search(const char *file, char *const argv[], char *const environment[])
{
	return environment == environ ? real_execvp()(file, argv) : real_execvpe()(file, argv, environment);
}

EXPORT int execve(const char *path, char *const argv[], char *const environment[])
{
	exec_release(EXEC_PATH, path, -1, argv, environment, THIS_CALL);
	char *const *next = PRELOAD_ENVIRONMENT(EXEC_PATH, path, -1, environment);
	return real_execve()(path, argv, next);
}

EXPORT int execv(const char *path, char *const argv[])
{
	exec_release(EXEC_PATH, path, -1, argv, environ, THIS_CALL);
	char *const *next = PRELOAD_ENVIRONMENT(EXEC_PATH, path, -1, environ);
	return execute(path, argv, next);
}

EXPORT int execvp(const char *file, char *const argv[])
{
	exec_release(EXEC_SEARCH, file, -1, argv, environ, THIS_CALL);
	char *const *next = PRELOAD_ENVIRONMENT(EXEC_SEARCH, file, -1, environ);
	return execute_search(file, argv, next);
}

EXPORT int execvpe(const char *file, char *const argv[], char *const environment[])
{
	exec_release(EXEC_SEARCH, file, -1, argv, environment, THIS_CALL);
	char *const *next = PRELOAD_ENVIRONMENT(EXEC_SEARCH, file, -1, environment);
	return real_execvpe()(file, argv, next);
}

EXPORT int fexecve(int fd, char *const argv[], char *const environment[])
{
	exec_release(EXEC_DESCRIPTOR, NULL, fd, argv, environment, THIS_CALL);
	char *const *next = PRELOAD_ENVIRONMENT(EXEC_DESCRIPTOR, NULL, fd, environment);
	return real_fexecve()(fd, argv, next);
}

/* A path that begins at a folder other than the current one, or has flags, is not followed: it passes through as bare. */
EXPORT int execveat(int folder, const char *path, char *const argv[], char *const environment[], int flags)
{
	enum exec_by by = flags & AT_EMPTY_PATH ? EXEC_DESCRIPTOR : EXEC_PATH;
	const char *followed = folder == AT_FDCWD && !flags ? path : NULL;
	exec_release(by, followed, folder, argv, environment, THIS_CALL);
	char *const *next = PRELOAD_ENVIRONMENT(by, followed, folder, environment);
	return real.execveat(folder, path, argv, next, flags);
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
	char *const *next = PRELOAD_ENVIRONMENT(EXEC_PATH, path, -1, environ);
	return execute(path, argv, next);
}

EXPORT int execlp(const char *file, const char *arg, ...)
{
	char **argv = ARGV_OF(arg);
	va_list rest;
	va_start(rest, arg);
	collect(argv, arg, rest);
	va_end(rest);
	exec_release(EXEC_SEARCH, file, -1, argv, environ, THIS_CALL);
	char *const *next = PRELOAD_ENVIRONMENT(EXEC_SEARCH, file, -1, environ);
	return execute_search(file, argv, next);
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
	char *const *next = PRELOAD_ENVIRONMENT(EXEC_PATH, path, -1, environment);
	return real_execve()(path, argv, next);
}

/* The child may have another folder by the time it looks for its program: a relative path is not followed then. */
static const char *followed_by_child(const char *path, const posix_spawn_file_actions_t *actions,
				     bool searches)
{
	return !actions || *path == '/' || (searches && !strchr(path, '/')) ? path : NULL;
}

EXPORT int posix_spawn(pid_t *restrict child, const char *restrict path,
		       const posix_spawn_file_actions_t *restrict actions,
		       const posix_spawnattr_t *restrict attributes, char *const argv[restrict],
		       char *const environment[restrict])
{
	char *const *next =
		PRELOAD_ENVIRONMENT(EXEC_PATH, followed_by_child(path, actions, false), -1, environment);
	return real_posix_spawn()(child, path, actions, attributes, argv, next);
}

EXPORT int posix_spawnp(pid_t *restrict child, const char *restrict file,
			const posix_spawn_file_actions_t *restrict actions,
			const posix_spawnattr_t *restrict attributes, char *const argv[restrict],
			char *const environment[restrict])
{
	char *const *next =
		PRELOAD_ENVIRONMENT(EXEC_SEARCH, followed_by_child(file, actions, true), -1, environment);
	return real_posix_spawnp()(child, file, actions, attributes, argv, next);
}
