/* SPDX-License-Identifier: MIT */
/*
 * TLS within TLS, as a client has it that talks through an HTTPS proxy to an HTTPS server: a BIO_f_ssl above a BIO_f_ssl above
 * a socket. Says how each layer of the other side ended. --mode ssl frees the inner SSL alone, above an outer one.
 */
#include "legacy.h"

#include <sys/socket.h>
#include <sys/wait.h>

static BIO *layer(SSL_CTX *ctx, BIO *below, int client)
{
	BIO *bio = BIO_push(BIO_new_ssl(ctx, client), below);

	if (BIO_do_handshake(bio) != 1)
		fprintf(stderr, "no handshake\n");
	return bio;
}

static const char *end_of(BIO *bio)
{
	char buf[64];
	SSL *ssl;
	int got;

	BIO_get_ssl(bio, &ssl);
	while ((got = BIO_read(bio, buf, sizeof(buf))) > 0)
		continue;
	return SSL_get_error(ssl, got) == SSL_ERROR_ZERO_RETURN ? "close_notify" : "torn";
}

static void leave(BIO *outer, BIO *inner)
{
	BIO_write(inner, "hello", 5);
	if (legacy_is("ssl")) {
		BIO_free(inner);
		BIO_free_all(outer);
		return;
	}
	BIO_free_all(inner);
}

int main(int argc, char **argv)
{
	SSL_CTX *serve = legacy_start(argc, argv, true), *call = legacy_start(argc, argv, false);
	int pair[2];
	BIO *outer, *inner;
	pid_t child;

	SSL_CTX_set_num_tickets(serve, 0); /* unread, they would reset the connection */
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return 3;
	child = fork();
	close(pair[child == 0]);
	outer = layer(child ? call : serve, BIO_new_socket(pair[child != 0], BIO_CLOSE), child != 0);
	inner = layer(child ? call : serve, outer, child != 0);
	if (child == 0) {
		const char *first = end_of(inner);

		printf("inner=%s outer=%s\n", first, end_of(outer));
		fflush(stdout);
		_exit(0);
	}
	leave(outer, inner);
	return waitpid(child, NULL, 0) == child ? 0 : 3;
}
