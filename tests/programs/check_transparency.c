/* SPDX-License-Identifier: MIT */
/*
 * Lets go of a connection and prints, around each step, all that the program could see of somebody in between:
 * result, errno, OpenSSL's error queue, signal mask, pending SIGPIPE, O_NONBLOCK, its descriptors, and those of a
 * forked child and of what that execs. Bare and cured output must not differ (P5, P9).
 * --mode close-first, shutdown-first, dup (a second descriptor stays) and reset (by the peer, before) vary them.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "legacy.h"

static int watched = -1;

/* Numbers and kinds; inode numbers would differ from run to run. */
static void print_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	printf(" fds=");
	while ((entry = readdir(dir))) {
		char target[256] = "";

		if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(dir))
			continue;
		if (readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1) > 0)
			target[strcspn(target, ":")] = '\0';
		printf("%s(%s) ", entry->d_name, atoi(entry->d_name) > 2 ? target : "stdio");
	}
	printf("\n");
	closedir(dir);
}

static void print_state(const char *step, int result, int error)
{
	sigset_t mask, pending;
	unsigned long queued;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	sigpending(&pending);
	printf("%s: result=%d errno=%d mask=", step, result, error);
	for (int s = 1; s < 32; s++)
		putchar(sigismember(&mask, s) ? '1' : '0');
	printf(" sigpipe=%d err=", sigismember(&pending, SIGPIPE));
	/* Reading the queue empties it: the same error is put back for the next step. */
	while ((queued = ERR_get_error()) != 0)
		printf("%lx,", queued);
	ERR_put_error(ERR_LIB_USER, 0, 42, "legacy", 1);
	if (watched >= 0)
		printf(" nonblock=%d", (fcntl(watched, F_GETFL) & O_NONBLOCK) != 0);
	print_descriptors();
}

/* What a child of the program has, and what a program that it execs has. */
static void print_children(const char *self)
{
	fflush(stdout);
	if (fork() == 0) {
		printf("fork:");
		print_descriptors();
		fflush(stdout);
		execl(self, self, "--list", (char *)NULL);
		_exit(9);
	}
	wait(NULL);
}

#define STEP(name, call)                                                                                     \
	do {                                                                                                 \
		int result_;                                                                                 \
		errno = 77;                                                                                  \
		result_ = (call);                                                                            \
		print_state(name, result_, errno);                                                           \
	} while (0)

static int free_it(SSL *ssl)
{
	SSL_free(ssl);
	return 0;
}

/* Behind the peer's RST every write would raise SIGPIPE, which is blocked here and would stay pending. */
static void wait_for_reset(int fd)
{
	struct pollfd p = {.fd = fd};

	if (poll(&p, 1, 5000) != 1)
		printf("no reset came\n");
}

static void talk(SSL *ssl, int fd)
{
	legacy_exchange(ssl);
	if (legacy_is("reset"))
		wait_for_reset(fd);
	signal(SIGPIPE, SIG_DFL);
	watched = legacy_is("dup") ? dup(fd) : fd;
	ERR_put_error(ERR_LIB_USER, 0, 42, "legacy", 1);
	STEP("start", 0);
	if (legacy_is("shutdown-first"))
		STEP("shutdown", shutdown(fd, SHUT_WR));
	if (!legacy_is("close-first"))
		STEP("SSL_free", free_it(ssl));
	if (!legacy_is("dup"))
		watched = -1;
	STEP("close", close(fd));
	STEP("close again", close(fd));
	if (legacy_is("close-first"))
		STEP("SSL_free", free_it(ssl));
	print_children("/proc/self/exe");
	if (legacy_is("dup")) {
		int last = watched;

		watched = -1;
		STEP("close the dup", close(last));
	}
	watched = -1;
}

int main(int argc, char **argv)
{
	sigset_t pipe_only;

	if (argc > 1 && strcmp(argv[1], "--list") == 0) {
		printf("exec:");
		print_descriptors();
		return 0;
	}
	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	sigaddset(&pipe_only, SIGUSR2);
	sigprocmask(SIG_BLOCK, &pipe_only, NULL);
	return legacy_serve(argc, argv, talk);
}
