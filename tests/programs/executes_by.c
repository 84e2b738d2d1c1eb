/* SPDX-License-Identifier: MIT */
/*
 * executes_by DOOR PROGRAM: executes PROGRAM, by its path or its name, without arguments, by that function; "vfork" is execve in its
 * child; "no_descriptor" where the table is full, "small_stack" in a handler on a stack of its own of 8 KB (SIGSTKSZ), "forking" is
 * execve of what is not there, again and again, while another thread forks: fails where a child has got a descriptor. Says before what its own LD_PRELOAD is, and afterwards again where it is still there: "own=LIST". What PROGRAM has got it
 * says itself, by the same file: without a DOOR it prints "LD_PRELOAD=LIST ASAN_OPTIONS=OPTIONS", "-" for what is not there.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int execveat(int folder, const char *path, char *const argv[], char *const environment[], int flags);

static const char *value(const char *name)
{
	const char *text = getenv(name);
	return text ? text : "-";
}

static int own(void)
{
	printf("own=%s\n", value("LD_PRELOAD"));
	return fflush(stdout);
}

static int spawn(bool searches, const char *program, char *const argv[])
{
	pid_t child;
	int status = 0;
	errno = searches ? posix_spawnp(&child, program, NULL, NULL, argv, environ)
			 : posix_spawn(&child, program, NULL, NULL, argv, environ);
	return errno || waitpid(child, &status, 0) < 0 || status ? 1 : own();
}

static int by_vfork(const char *program, char *const argv[])
{
	int status = 0;
	pid_t child = vfork();
	if (child == 0) {
		execve(program, argv, environ);
		_exit(127);
	}
	return child < 0 || waitpid(child, &status, 0) < 0 || status ? 1 : own();
}

static int without_descriptor(const char *program, char *const argv[])
{
	const struct rlimit few = {64, 64};
	setrlimit(RLIMIT_NOFILE, &few);
	while (open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0)
		;
	return execve(program, argv, environ);
}

/* --- in a handler --- */

enum { SMALL = 8192, GUARD = 65536 };

static const char *handlers_program;
static char *const *handlers_arguments;

static void execute_it(int signal)
{
	(void)signal;
	execve(handlers_program, handlers_arguments, environ);
}

static int on_small_stack(const char *program, char *const argv[])
{
	char *guard = mmap(NULL, GUARD + SMALL, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t stack = {.ss_sp = guard + GUARD, .ss_size = SMALL};
	struct sigaction action = {.sa_handler = execute_it, .sa_flags = SA_ONSTACK};
	handlers_program = program;
	handlers_arguments = argv;
	if (guard == MAP_FAILED || mprotect(stack.ss_sp, SMALL, PROT_READ | PROT_WRITE) ||
	    sigaltstack(&stack, NULL) || sigaction(SIGUSR1, &action, NULL))
		return 2;
	return raise(SIGUSR1) || 1;
}

/* --- while another thread forks --- */

enum { CHILDREN = 300, LOOKED_AT = 64 };

static void *execute_nothing(void *argv)
{
	for (;;)
		execve("/none/at/all", argv, environ);
	return NULL;
}

static int open_descriptors(void)
{
	int count = 0;
	for (int fd = 0; fd < LOOKED_AT; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static int while_forking(char *const argv[])
{
	pthread_t thread;
	int own_ones = open_descriptors(), left = 0;
	if (pthread_create(&thread, NULL, execute_nothing, (void *)argv))
		return 2;
	for (int i = 0; i < CHILDREN; i++) {
		int status = 0;
		pid_t child = fork();
		if (child == 0)
			_exit(open_descriptors() != own_ones);
		left += child < 0 || waitpid(child, &status, 0) < 0 || status;
	}
	printf("left=%d\n", left);
	return left != 0;
}

/* The rest of the exec family: it comes back where it fails. */
static int execute(const char *door, const char *program, char *const argv[])
{
	if (!strcmp(door, "execve"))
		return execve(program, argv, environ);
	if (!strcmp(door, "execv"))
		return execv(program, argv);
	if (!strcmp(door, "execvp"))
		return execvp(program, argv);
	if (!strcmp(door, "execvpe"))
		return execvpe(program, argv, environ);
	if (!strcmp(door, "execl"))
		return execl(program, program, (char *)NULL);
	if (!strcmp(door, "execlp"))
		return execlp(program, program, (char *)NULL);
	if (!strcmp(door, "execle"))
		return execle(program, program, (char *)NULL, environ);
	if (!strcmp(door, "fexecve"))
		return fexecve(open(program, O_RDONLY), argv, environ);
	if (!strcmp(door, "execveat"))
		return execveat(AT_FDCWD, program, argv, environ, 0);
	if (!strcmp(door, "execveat_empty"))
		return execveat(open(program, O_RDONLY), "", argv, environ, AT_EMPTY_PATH);
	if (!strcmp(door, "no_descriptor"))
		return without_descriptor(program, argv);
	if (!strcmp(door, "small_stack"))
		return on_small_stack(program, argv);
	return 2;
}

int main(int argc, char **argv)
{
	if (argc < 3 || strchr(argv[1], '/')) { /* a script's path is an argument of its interpreter */
		printf("LD_PRELOAD=%s ASAN_OPTIONS=%s\n", value("LD_PRELOAD"), value("ASAN_OPTIONS"));
		return 0;
	}
	char *const arguments[] = {argv[2], NULL};
	own();
	if (!strncmp(argv[1], "posix_spawn", 11))
		return spawn(argv[1][11] == 'p', argv[2], arguments);
	if (!strcmp(argv[1], "vfork"))
		return by_vfork(argv[2], arguments);
	if (!strcmp(argv[1], "forking"))
		return while_forking(arguments);
	execute(argv[1], argv[2], arguments);
	perror(argv[1]);
	return own() || 1;
}
