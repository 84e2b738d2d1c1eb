/* SPDX-License-Identifier: MIT */
/*
 * One SSL for all connections: close(), SSL_clear(), and on to the next socket; --mode clear-first clears before it
 * closes. The habit of embedded servers that never allocate twice. Prints whether the cleared SSL still holds a session.
 */
#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) != 1)
		fprintf(stderr, "no handshake\n");
	legacy_exchange(ssl);
	if (legacy_is("clear-first"))
		SSL_clear(ssl);
	close(fd);
	if (!legacy_is("clear-first"))
		SSL_clear(ssl);
	printf("session=%s\n", SSL_get_session(ssl) ? "kept" : "none");
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, true);
	SSL *ssl = SSL_new(ctx);
	int listener = legacy_listen();

	for (int i = 0; i < legacy.connections; i++)
		talk(ssl, legacy_accept(listener));
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	return legacy.status;
}
