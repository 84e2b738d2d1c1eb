/* SPDX-License-Identifier: MIT */
/*
 * Client and server in one process, a BIO pair between them: asyncio and node speak TLS so, and many test suites. The
 * client says SSL_shutdown(), leaves unread what the server wrote, and says it again: that is an error, and stays one
 * where no socket is ours to say goodbye on (P5). Prints what each step gave.
 */
#include "legacy.h"

static SSL *side(SSL_CTX *ctx, BIO *bio, bool server)
{
	SSL *ssl = SSL_new(ctx);

	SSL_set_bio(ssl, bio, bio);
	if (server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

static bool shake_hands(SSL *server, SSL *client)
{
	for (int i = 0; i < 20; i++) {
		int one = SSL_do_handshake(client), other = SSL_do_handshake(server);

		if (one == 1 && other == 1)
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	SSL_CTX *server_ctx = legacy_start(argc, argv, true), *client_ctx = SSL_CTX_new(TLS_client_method());
	BIO *one, *other;
	SSL *server, *client;
	int first, second, error;
	const char *reason;

	BIO_new_bio_pair(&one, 64 << 10, &other, 64 << 10);
	server = side(server_ctx, one, true);
	client = side(client_ctx, other, false);
	printf("handshake=%d\n", shake_hands(server, client));
	first = SSL_shutdown(client);
	printf("server: read=%d", SSL_read(server, (char[16]){0}, 16));
	printf(" write=%d", SSL_write(server, "unread", 6));
	printf(" shutdown=%d\n", SSL_shutdown(server));
	second = SSL_shutdown(client);
	error = SSL_get_error(client, second);
	reason = ERR_reason_error_string(ERR_peek_error());
	printf("client: first=%d second=%d error=%d reason=%s\n", first, second, error,
	       reason ? reason : "none");
	SSL_free(client);
	SSL_free(server);
	SSL_CTX_free(client_ctx);
	SSL_CTX_free(server_ctx);
	return 0;
}
