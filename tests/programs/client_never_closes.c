/* SPDX-License-Identifier: MIT */
/*
 * Writes, and then keeps the connection until the peer has gone: a keep-alive pool, a monitoring agent.
 */
#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	char buf[2048];

	legacy_write(ssl);
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_call(argc, argv, talk);
}
