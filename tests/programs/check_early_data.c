/* SPDX-License-Identifier: MIT */
/*
 * Early data (0-RTT), and then one side lets go before the handshake is through: --mode client or server tells which.
 * SSL_in_init() says no in between. Prints what the other side makes of it.
 */
#include <signal.h>
#include <sys/socket.h>

#include "legacy.h"

static SSL_SESSION *session;

static int keep(SSL *ssl, SSL_SESSION *fresh)
{
	(void)ssl;
	SSL_SESSION_free(session);
	session = fresh;
	return 1;
}

struct pair {
	SSL *client, *server;
	int fds[2];
};

static struct pair new_pair(SSL_CTX *client_ctx, SSL_CTX *server_ctx)
{
	struct pair pair = {.client = SSL_new(client_ctx), .server = SSL_new(server_ctx)};

	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.fds);
	SSL_set_fd(pair.client, pair.fds[0]);
	SSL_set_fd(pair.server, pair.fds[1]);
	SSL_set_connect_state(pair.client);
	SSL_set_accept_state(pair.server);
	return pair;
}

static void get_session(SSL_CTX *client_ctx, SSL_CTX *server_ctx)
{
	struct pair pair = new_pair(client_ctx, server_ctx);

	for (int i = 0; i < 8; i++) {
		SSL_do_handshake(pair.client);
		SSL_do_handshake(pair.server);
	}
	SSL_read(pair.client, (char[1]){0}, 1);
	SSL_shutdown(pair.client);
	SSL_shutdown(pair.server);
	ERR_clear_error();
}

static void let_go(SSL *ssl, int fd)
{
	SSL_free(ssl);
	close(fd);
}

static void print_end(SSL *ssl, int n)
{
	bool clean = SSL_get_error(ssl, n) == SSL_ERROR_ZERO_RETURN;

	printf("then: %s\n", clean ? "close_notify" : "no close_notify");
}

int main(int argc, char **argv)
{
	SSL_CTX *server_ctx = legacy_start(argc, argv, true), *client_ctx = SSL_CTX_new(TLS_client_method());
	struct pair pair;
	char buffer[64];
	size_t n = 0;
	int result;

	signal(SIGPIPE, SIG_IGN);
	SSL_CTX_set_max_early_data(server_ctx, 1024);
	SSL_CTX_set_options(server_ctx, SSL_OP_NO_ANTI_REPLAY);
	SSL_CTX_set_session_cache_mode(client_ctx, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(client_ctx, keep);
	get_session(client_ctx, server_ctx);

	pair = new_pair(client_ctx, server_ctx);
	SSL_set_session(pair.client, session);
	SSL_write_early_data(pair.client, "early", 5, &n);
	if (legacy_is("client"))
		let_go(pair.client, pair.fds[0]);
	SSL_read_early_data(pair.server, buffer, sizeof(buffer), &n);
	printf("early data: %zu bytes\n", n);
	if (legacy_is("client")) {
		result = SSL_read_early_data(pair.server, buffer, sizeof(buffer), &n);
		print_end(pair.server, result == SSL_READ_EARLY_DATA_ERROR ? -1 : result);
	} else {
		let_go(pair.server, pair.fds[1]);
		SSL_connect(pair.client);
		ERR_clear_error();
		print_end(pair.client, SSL_read(pair.client, buffer, sizeof(buffer)));
	}
	return 0;
}
