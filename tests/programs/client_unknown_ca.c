/* SPDX-License-Identifier: MIT */
/*
 * Trusts nobody: finds the server's certificate in the middle of its first flight, sends "unknown CA", frees and closes
 * with the rest of the flight unread. What every client does that meets a self-signed certificate.
 */
#include "legacy.h"

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, false);

	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	for (int i = 0; i < legacy.connections; i++) {
		int fd = legacy_connect();
		SSL *ssl = SSL_new(ctx);

		SSL_set_fd(ssl, fd);
		printf("connect=%d\n", SSL_connect(ssl));
		ERR_clear_error();
		SSL_free(ssl);
		close(fd);
	}
	SSL_CTX_free(ctx);
	return legacy.status;
}
