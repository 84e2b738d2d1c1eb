/* SPDX-License-Identifier: MIT */
/*
 * Lets go of a connection whose handshake never completed: a port scan, a health check, a client that went away.
 * --mode accept tries SSL_accept() and fails; else the SSL is only bound to the socket, and never used.
 */
#include "legacy.h"

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, true);
	int listener = legacy_listen();

	for (int i = 0; i < legacy.connections; i++) {
		int fd = legacy_accept(listener);
		SSL *ssl = SSL_new(ctx);

		SSL_set_fd(ssl, fd);
		if (legacy_is("accept"))
			printf("accept=%d\n", SSL_accept(ssl));
		ERR_clear_error();
		SSL_free(ssl);
		close(fd);
	}
	SSL_CTX_free(ctx);
	return 0;
}
