/* SPDX-License-Identifier: MIT */
/*
 * wrong/server.c with a proper goodbye, by two rules that both sides keep:
 *
 *   1. SSL_shutdown() once no more SSL_write() is needed: the peer's SSL_read returns 0.
 *   2. SSL_read() until it returns 0 before the socket is closed: nothing is left unread, so the kernel has no
 *      reason to reset the connection and to throw away the reply.
 *
 * Rule 2 also ends the guessing about the request's size: it is complete when the client says so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <openssl/err.h>

#include "../common.h"

/* SSL_write may write a part only (SSL_MODE_ENABLE_PARTIAL_WRITE): go on with the rest. */
static bool write_all(SSL *ssl, const char *data, int length)
{
	while (length > 0) {
		int n = SSL_write(ssl, data, length);

		if (n <= 0)
			return false;
		data += n;
		length -= n;
	}
	return true;
}

static void serve(SSL *ssl, const char *reply, int length)
{
	char buff[2048];
	int n;

	if (SSL_accept(ssl) != 1) {
		ERR_print_errors_fp(stderr);
		return;
	}
	do {
		n = SSL_read(ssl, buff, sizeof(buff));
	} while (n > 0);
	/* Anything but the client's close_notify means that the request is not complete: no reply to that. */
	if (SSL_get_error(ssl, n) != SSL_ERROR_ZERO_RETURN) {
		ERR_print_errors_fp(stderr);
		return;
	}
	if (!write_all(ssl, reply, length)) {
		/* No close_notify behind half a reply: it would say "this is all". */
		ERR_print_errors_fp(stderr);
		return;
	}
	SSL_shutdown(ssl);
}

int main(int argc, char **argv)
{
	if (argc != 7) {
		fprintf(stderr, "usage: %s PORT REPLY_BYTES TLS CONNECTIONS CERTIFICATE KEY\n", argv[0]);
		return 2;
	}
	set_up_process();

	int length = number(argv[2], "the size of the reply");
	int connections = number(argv[4], "the connections");
	char *reply = filled_buffer(length);
	SSL_CTX *ctx = server_context(argv[3], argv[5], argv[6]);
	int listener = listen_on_loopback(number(argv[1], "the port"));

	for (int i = 0; i < connections; i++) {
		int client = accept_client(listener);
		SSL *ssl = SSL_new(ctx);

		SSL_set_fd(ssl, client);
		serve(ssl, reply, length);
		SSL_free(ssl);
		close(client);
	}

	close(listener);
	SSL_CTX_free(ctx);
	free(reply);
	return 0;
}
