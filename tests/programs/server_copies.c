/* SPDX-License-Identifier: MIT */
/*
 * Copies its descriptor by the call that --mode names (dup, dup2, dup3, fcntl, fcntl-cloexec), closes the first, writes
 * the second half of its reply by the SSL on the copy, frees and closes that. Only the last descriptor is the end of
 * the connection. Servers that move a connection to a fixed number do so, and what is left by inetd.
 */
#include <fcntl.h>

#include "legacy.h"

static int copy_of(int fd)
{
	enum { FIXED = 100 };

	if (legacy_is("dup2"))
		return dup2(fd, FIXED);
	if (legacy_is("dup3"))
		return dup3(fd, FIXED, O_CLOEXEC);
	if (legacy_is("fcntl"))
		return fcntl(fd, F_DUPFD, FIXED);
	if (legacy_is("fcntl-cloexec"))
		return fcntl(fd, F_DUPFD_CLOEXEC, FIXED);
	return dup(fd);
}

static void talk(SSL *ssl, int fd)
{
	int copy;

	legacy_exchange(ssl);
	copy = copy_of(fd);
	close(fd);
	SSL_set_fd(ssl, copy);
	legacy.offset = legacy.write;
	legacy_write(ssl);
	legacy.offset = 0;
	SSL_free(ssl);
	close(copy);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
