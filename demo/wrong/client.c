/* SPDX-License-Identifier: MIT */
/*
 * A TLS client as it is often found: write the request, whatever its size, read the reply, SSL_free, close.
 *
 * It never says that its request is complete, so a server has no way to know when it has read it all. It does
 * read the reply to the end and look how that end came, so it also is the one that measures: a line for each
 * connection, then the sums. right/client.c is the same program with a proper goodbye.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <openssl/err.h>

#include "../common.h"

static void ask(struct tally *tally, SSL *ssl, const char *request, int length, size_t expected)
{
	char buff[1536];
	size_t arrived = 0;
	int n = 0;

	if (SSL_connect(ssl) != 1)
		die_openssl("SSL_connect");
	/* "It is TCP, it will arrive." Nobody looks at the result. */
	SSL_write(ssl, request, length);

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
