/* SPDX-License-Identifier: MIT */
/*
 * Before it lets go of each connection, closes every number that it did not open itself, as daemons do at their start
 * and again when they drop what they inherited. Prints how many of them were open: whatever somebody else keeps in its
 * table would be seen here, and would be gone afterwards.
 */
#include <errno.h>
#include <fcntl.h>

#include "legacy.h"

enum { LISTENER = 3, HIGHEST = 1024 };

static void talk(SSL *ssl, int fd)
{
	int open_ones = 0, closed = 0;

	for (int i = LISTENER + 1; i < HIGHEST; i++) {
		if (i == fd)
			continue;
		open_ones += fcntl(i, F_GETFD) != -1 || errno != EBADF;
		closed += close(i) != -1 || errno != EBADF;
	}
	printf("open=%d closed=%d\n", open_ones, closed);
	legacy_exchange(ssl);
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	for (int i = LISTENER; i < HIGHEST; i++)
		close(i); /* what the test's shell left open */
	return legacy_serve(argc, argv, talk);
}
