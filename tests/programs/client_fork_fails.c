/* SPDX-License-Identifier: MIT */
/*
 * Writes, tries to start a helper by fork(), which fails (RLIMIT_NPROC, as a user that has such a limit), and lets go
 * without a helper. --mode: ended: a helper was started before the write, and has ended; lives: it lives on, with what it has
 * inherited, and exits when all is over; both: it lives on, and the second helper is started as well, and ends at once.
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include "legacy.h"

static int until_over[2];

static pid_t start_first_helper(void)
{
	pid_t helper;
	char byte;

	if (pipe(until_over) != 0)
		exit(3);
	helper = fork();
	if (helper == 0) {
		close(until_over[1]);
		if (!legacy_is("ended") && read(until_over[0], &byte, 1) != 0)
			_exit(3);
		exit(0);
	}
	if (legacy_is("ended"))
		waitpid(helper, NULL, 0);
	return helper;
}

static void fail_to_start_helper(void)
{
	const struct rlimit none = {0, 0};

	if ((geteuid() == 0 && setuid(65534) != 0) || setrlimit(RLIMIT_NPROC, &none) != 0)
		exit(3);
	if (fork() >= 0)
		_exit(4);
}

static void start_second_helper(void)
{
	pid_t helper = fork();

	if (helper == 0)
		_exit(0);
	waitpid(helper, NULL, 0);
}

static void talk(SSL *ssl, int fd)
{
	pid_t helper = *legacy.mode ? start_first_helper() : -1;

	legacy_write(ssl);
	if (legacy_is("both"))
		start_second_helper();
	else
		fail_to_start_helper();
	SSL_free(ssl);
	close(fd);
	close(until_over[1]);
	if (helper > 0)
		waitpid(helper, NULL, 0);
}

int main(int argc, char **argv)
{
	return legacy_call(argc, argv, talk);
}
