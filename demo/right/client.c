/* SPDX-License-Identifier: MIT */
/*
 * wrong/client.c with a proper goodbye: SSL_shutdown() as soon as the request is written, which tells the server
 * that it is complete, and SSL_read() until it returns 0 before the socket is closed. close_notify ends one
 * direction only: the reply still comes after it.
 *
 * It measures as the wrong client does: a line for each connection, then the sums.
 */
#include <errno.h>
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

static void ask(struct tally *tally, SSL *ssl, const char *request, int length, size_t expected)
{
	char buff[1536];
	size_t arrived = 0;
	int n = 0;

	if (SSL_connect(ssl) != 1)
		die_openssl("SSL_connect");
	if (!write_all(ssl, request, length))
		die_openssl("SSL_write");
	if (SSL_shutdown(ssl) < 0)
		die_openssl("SSL_shutdown");

	travel();
	ERR_clear_error();
	errno = 0;
	while ((n = SSL_read(ssl, buff, sizeof(buff))) > 0)
		arrived += n;
	count_connection(tally, arrived, expected, how_it_ended(ssl, n));
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: %s PORT REQUEST_BYTES REPLY_BYTES TLS CONNECTIONS\n", argv[0]);
		return 2;
	}
	set_up_process();

	int port = number(argv[1], "the port");
	int length = number(argv[2], "the size of the request");
	size_t expected = number(argv[3], "the size of the reply");
	int connections = number(argv[5], "the connections");
	char *request = filled_buffer(length);
	SSL_CTX *ctx = client_context(argv[4]);
	struct tally tally = {0};

	for (int i = 0; i < connections; i++) {
		int server = connect_to_loopback(port, 0);
		SSL *ssl = SSL_new(ctx);

		SSL_set_fd(ssl, server);
		ask(&tally, ssl, request, length, expected);
		SSL_free(ssl);
		close(server);
	}

	print_tally(&tally);
	SSL_CTX_free(ctx);
	free(request);
	return 0;
}
