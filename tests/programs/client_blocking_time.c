/* SPDX-License-Identifier: MIT */
/*
 * Prints how long SSL_free() and close() held the program up, in milliseconds, and last the time of day at which it
 * left main(). Against a peer that never reads, or never closes, a goodbye in the program's own thread would show here.
 * Every program with one thread for all. --mode linger: with SO_LINGER of 3 seconds, which make the last close() wait
 * for the peer to take everything (old ftp and mail servers).
 */
#include <sys/socket.h>
#include <time.h>

#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 3};
	long start, freed, closed;

	if (legacy_is("linger"))
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	legacy_write(ssl);
	start = legacy_ms();
	SSL_free(ssl);
	freed = legacy_ms();
	close(fd);
	closed = legacy_ms();
	printf("free_ms=%ld close_ms=%ld\n", freed - start, closed - freed);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int status = legacy_call(argc, argv, talk);
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	printf("left_ms=%lld\n", now.tv_sec * 1000LL + now.tv_nsec / 1000000);
	fflush(stdout);
	return status;
}
