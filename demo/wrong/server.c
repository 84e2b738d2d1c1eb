/* SPDX-License-Identifier: MIT */
/*
 * A TLS server as it is often found: read once, write the reply, SSL_free, close.
 *
 * Every call succeeds, and still the client does not get the reply. Two steps are missing. Nobody says
 * close_notify, so the client cannot tell the end of the reply from a cut cable. And the rest of the request
 * lies unread in the socket: closing it makes the kernel send a reset and throw away all that the client has
 * not taken yet. right/server.c is the same program with a proper goodbye.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/err.h>

#include "../common.h"

static void serve(SSL *ssl, const char *reply, int length)
{
	char request[2048];

	if (SSL_accept(ssl) != 1) {
		ERR_print_errors_fp(stderr);
		return;
	}
	/* "The request is short, one read will get it." */
	if (SSL_read(ssl, request, sizeof(request)) <= 0)
		return;
	if (SSL_write(ssl, reply, length) != length)
		fprintf(stderr, "SSL_write failed!\n");
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
