/* SPDX-License-Identifier: MIT */
/*
 * Lets go of an SSL whose SSL_read is suspended, as it is with SSL_MODE_ASYNC while a crypto engine (Intel's QAT, with
 * nginx and haproxy) has not answered yet. Here it is a callback that suspends it. Any SSL_* call behind that goes on with
 * SSL_read instead, whose buffer is gone. Prints what SSL_read gave, and how many bytes the peer got.
 */
#include <openssl/async.h>
#include <sys/socket.h>

#include "legacy.h"

static bool suspends;

static void suspend(int writes, int version, int type, const void *bytes, size_t length, SSL *ssl, void *arg)
{
	(void)version, (void)bytes, (void)length, (void)ssl, (void)arg;
	if (suspends && type == SSL3_RT_HEADER && !writes) {
		suspends = false;
		ASYNC_pause_job();
	}
}

static SSL *side(SSL_CTX *ctx, int fd, bool server)
{
	SSL *ssl = SSL_new(ctx);

	SSL_set_fd(ssl, fd);
	if (server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, true);
	int pair[2], n, got = 0;
	SSL *server, *client;
	char *buffer = malloc(64), junk[1024];

	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
	server = side(ctx, pair[0], true);
	SSL_set_msg_callback(server,
			     suspend); /* here: since 3.2 a record layer that was made without does not ask */
	client = side(SSL_CTX_new(TLS_client_method()), pair[1], false);
	for (int i = 0; i < 8 && !(SSL_is_init_finished(client) && SSL_is_init_finished(server)); i++) {
		SSL_do_handshake(client);
		SSL_do_handshake(server);
	}
	SSL_write(client, "ten bytes.", 10);

	SSL_set_mode(server, SSL_MODE_ASYNC);
	suspends = true;
	n = SSL_read(server, buffer, 64);
	printf("SSL_read=%d suspended=%d\n", n, SSL_get_error(server, n) == SSL_ERROR_WANT_ASYNC);
	free(buffer);
	SSL_free(server);
	close(pair[0]);
	while ((n = SSL_read(client, junk, sizeof(junk))) > 0)
		got += n;
	printf("peer got %d bytes\n", got);
	return 0;
}
