/* SPDX-License-Identifier: MIT */
/*
 * Writes, tries to start a helper by fork(), which fails (RLIMIT_NPROC, as a user that has such a limit), and lets go
 * without a helper. --mode twice: a helper was started before, and has ended. --mode lives: and lives on, with what it has inherited.
 */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "legacy.h"

static pid_t start_helper(void)
{
	pid_t helper = fork();

	if (helper == 0) {
		while (legacy_is("lives"))
			pause();
		_exit(0);
	}
	if (helper > 0 && !legacy_is("lives"))
		waitpid(helper, NULL, 0);
	return helper;
}

static void talk(SSL *ssl, int fd)
{
	const struct rlimit none = {0, 0};
	pid_t helper = *legacy.mode ? start_helper() : 0;

	legacy_write(ssl);
	if ((geteuid() == 0 && setuid(65534) != 0) || setrlimit(RLIMIT_NPROC, &none) != 0)
		exit(3);
	if (fork() >= 0)
		_exit(4);
	SSL_free(ssl);
	close(fd);
	if (legacy_is("lives"))
		kill(helper, SIGKILL);
}

int main(int argc, char **argv)
{
	return legacy_call(argc, argv, talk);
}
