/* SPDX-License-Identifier: MIT */
/*
 * Sends without end and reads nothing, as one does who floods after a protocol error; --mode trickle: a byte each 20 ms. Says
 * by what it was ended.
 */
#include <errno.h>
#include <signal.h>

#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	static const char bytes[16384];
	const int length = legacy_is("trickle") ? 1 : (int)sizeof(bytes);

	signal(SIGPIPE, SIG_IGN);
	alarm(50);
	while (SSL_write(ssl, bytes, length) > 0)
		if (legacy_is("trickle"))
			usleep(20000);
	printf("ended=%s\n", errno == ECONNRESET || errno == EPIPE ? "reset" : strerror(errno));
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_call(argc, argv, talk);
}
