/* SPDX-License-Identifier: MIT */
/*
 * Writes and leaves by exit(--status) with neither SSL_free() nor close(): redis-cli, wrk and `ncat --send-only`.
 * --mode partial abandons a write half-done; --mode return, _exit, _Exit, quick_exit, abort, exec, execvp, fexecve,
 * script, long-enough (an exec with as long an argument as there may be) and cancelled-exec (of a thread that is to be cancelled)
 * and plain-exec (SSL_shutdown(), and the next program goes on in plaintext)
 * leave by those doors; --mode atexit and at_quick_exit write the second half in a handler of the exit, early_quick_exit in one
 * that is registered before there is a connection; --mode handler
 * --mode close-exec frees and closes before the exec, which the drain has to survive; --mode handler
 * leaves by _exit() in a signal handler, while the thread is in malloc(); --mode no-exec tries three programs that
 * cannot be executed, and goes on as if nothing had been (a shell that looks along PATH); so do no-interpreter,
 * no-script (fexecve() of one that its interpreter could not open), no-elf, no-loader, long-argument and
 * many-arguments, with a program that can be executed as far as its mode tells.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "legacy.h"

static SSL *open_one;

static void write_the_rest(void)
{
	legacy.offset = legacy.write;
	legacy_write(open_one);
}

static void leave_at_once(int signal)
{
	(void)signal;
	_exit(legacy.status);
}

static void be_interrupted_in_malloc(void)
{
	struct itimerval soon = {.it_value.tv_usec = 2000};

	signal(SIGALRM, leave_at_once);
	setitimer(ITIMER_REAL, &soon, NULL);
	for (unsigned i = 0;; i++) {
		void *volatile p = malloc(64 + i % 4096);

		free(p);
	}
}

static void try_to_exec(void)
{
	execl("/nonexistent", "nothing", (char *)NULL);
	execl("/etc/passwd", "no program", (char *)NULL);
	execlp("tlsbye-no-such-program", "nothing", (char *)NULL);
}

/* A program in memory, that everybody may execute. */
static int program_of(const char *content, size_t size, unsigned flags)
{
	int fd = memfd_create("program", flags);

	if (write(fd, content, size) != (ssize_t)size)
		exit(3);
	return fd;
}

static void exec_content(const char *content, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", program_of(content, size, 0));
	execl(path, "program", (char *)NULL);
}

/* /bin/true, with another name where that of its dynamic linker stands. */
static void exec_without_loader(void)
{
	static char content[8 << 20];
	ssize_t size = read(open("/bin/true", O_RDONLY), content, sizeof(content));
	char *loader = memmem(content, 4096, "/ld-", 4);

	if (!loader)
		exit(3);
	memcpy(loader, "/no-", 4);
	exec_content(content, (size_t)size);
}

/* 128 KB with its zero is the longest string that the kernel takes; 64 of almost as many are more than it ever takes. */
static void exec_with_arguments(size_t count, size_t length)
{
	char *argv[66] = {"true"}, *long_one = malloc(length + 1);

	memset(long_one, 'x', length);
	long_one[length] = 0;
	for (size_t i = 1; i <= count; i++)
		argv[i] = long_one;
	execv("/bin/true", argv);
}

static bool try_one_that_looks_good(void)
{
	static const char missing[] = "#! /nonexistent/interpreter -x\n", junk[] = "\177ELF junk";
	char *argv[] = {"script", NULL};

	errno = 0;
	if (legacy_is("no-interpreter"))
		exec_content(missing, sizeof(missing) - 1);
	if (legacy_is("no-script"))
		fexecve(program_of("#!/bin/true\n", 12, MFD_CLOEXEC), argv, environ);
	if (legacy_is("no-elf"))
		exec_content(junk, sizeof(junk));
	if (legacy_is("no-loader"))
		exec_without_loader();
	if (legacy_is("long-argument"))
		exec_with_arguments(1, 32 * (size_t)sysconf(_SC_PAGESIZE));
	if (legacy_is("many-arguments"))
		exec_with_arguments(64, (128 << 10) - 1);
	return errno != 0;
}

static void leave_by_exec(void)
{
	char *argv[] = {"true", NULL};

	if (legacy_is("cancelled-exec"))
		pthread_cancel(pthread_self());
	if (legacy_is("exec") || legacy_is("cancelled-exec") || legacy_is("close-exec"))
		execl("/bin/true", "true", (char *)NULL);
	if (legacy_is("script"))
		exec_content("#! /bin/true -x\n", 16);
	if (legacy_is("long-enough"))
		exec_with_arguments(1, (128 << 10) - 1);
	if (legacy_is("execvp"))
		execvp("true", argv);
	if (legacy_is("fexecve"))
		fexecve(open("/bin/true", O_RDONLY | O_CLOEXEC), argv, environ);
}

static void leave(void)
{
	leave_by_exec();
	if (legacy_is("handler"))
		be_interrupted_in_malloc();
	if (legacy_is("_exit"))
		_exit(legacy.status);
	if (legacy_is("_Exit"))
		_Exit(legacy.status);
	if (legacy_is("quick_exit") || legacy_is("at_quick_exit") || legacy_is("early_quick_exit"))
		quick_exit(legacy.status);
	if (legacy_is("abort"))
		abort();
	if (!legacy_is("return"))
		exit(legacy.status);
}

static void go_on_in_plaintext(SSL *ssl, int fd)
{
	SSL_shutdown(ssl);
	dup2(fd, 1);
	execl("/bin/echo", "echo", "plain", (char *)NULL);
}

static void talk(SSL *ssl, int fd)
{
	open_one = ssl;
	if (legacy_is("partial"))
		printf("half-done=%s\n", legacy_overfill(ssl, fd) ? "yes" : "no");
	else
		legacy_write(ssl);
	if (legacy_is("atexit"))
		atexit(write_the_rest);
	if (legacy_is("at_quick_exit"))
		at_quick_exit(write_the_rest);
	if (legacy_is("no-exec"))
		try_to_exec();
	if (legacy_is("no-exec") || try_one_that_looks_good())
		write_the_rest();
	if (legacy_is("plain-exec"))
		go_on_in_plaintext(ssl, fd);
	if (legacy_is("close-exec")) {
		SSL_free(ssl);
		close(fd);
	}
	fflush(stdout);
	leave();
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "early_quick_exit"))
			at_quick_exit(write_the_rest);
	return legacy_call(argc, argv, talk);
}
