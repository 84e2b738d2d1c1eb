/* SPDX-License-Identifier: MIT */
/*
 * Starts itself anew by execv() in the middle of a connection, which goes by FD_CLOEXEC; the new one makes a connection of
 * its own and closes it: daemons that reload by an exec of themselves have the process number, and the hub, in common
 * with the program that they were.
 */
#include <fcntl.h>

#include "legacy.h"

static char **arguments;

static void talk(SSL *ssl, int fd)
{
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	legacy_write(ssl);
	if (!getenv("STARTED_ANEW")) {
		setenv("STARTED_ANEW", "1", 1);
		execv(arguments[0], arguments);
	}
	close(fd);
	SSL_free(ssl);
}

int main(int argc, char **argv)
{
	arguments = argv;
	return legacy_call(argc, argv, talk);
}
