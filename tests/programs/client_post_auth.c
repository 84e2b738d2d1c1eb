/* SPDX-License-Identifier: MIT */
/*
 * Connects, offers to authenticate after the handshake (RFC 8446, 4.6.2), reads once, answers, SSL_free(), close(). What the
 * server asks in between, SSL_read() answers by itself: a request for a certificate, a renegotiation, a KeyUpdate. The habit of
 * python's http.client with `context.post_handshake_auth`, and of curl.
 */
#include "legacy.h"

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, false);
	SSL *ssl;
	int fd;

	SSL_CTX_set_post_handshake_auth(ctx, 1);
	fd = legacy_connect();
	ssl = legacy_handshake(ctx, fd, false);
	legacy_exchange(ssl);
	SSL_free(ssl);
	close(fd);
	return 0;
}
