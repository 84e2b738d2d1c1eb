/* SPDX-License-Identifier: MIT */
/*
 * The client of connection.c and growth.c: never under the object and never counted. It asks, reads the reply to its end,
 * however that comes, and closes; "late" waits for the server's FIN before it does: then the server's close() comes
 * first, as it nearly always does where nothing slows it down. "keep N" reads no end of the first N, and keeps them.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection.h"
#include "support.h"

static void ask(SSL *ssl, int fd)
{
	char request[REQUEST_BYTES] = "please";
	char reply[REPLY_BYTES];

	bench_same_random_numbers();
	SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) != 1)
		bench_fail("SSL_connect");
	bench_write(ssl, request, sizeof(request));
	bench_read(ssl, reply, sizeof(reply));
}

static void read_the_end(SSL *ssl, int fd, bool late)
{
	char more[REPLY_BYTES];

	if (SSL_read(ssl, more, sizeof(more)) > 0)
		bench_fail("the end of the reply");
	SSL_free(ssl);
	while (late && recv(fd, more, sizeof(more), 0) > 0)
		continue;
	close(fd);
}

int main(int argc, char **argv)
{
	bool late = argc == 4 && strcmp(argv[3], "late") == 0;
	bool keep = argc == 5 && strcmp(argv[3], "keep") == 0;

	if (argc != 3 && !late && !keep) {
		fprintf(stderr, "usage: %s PORT CONNECTIONS [late | keep N]\n", argv[0]);
		return 2;
	}
	bench_start();

	int port = bench_number(argv[1]);
	SSL_CTX *ctx = bench_client_context();
	long kept = keep ? bench_number(argv[4]) : 0, connections = bench_number(argv[2]);

	bench_room_for(kept);
	for (long i = 0; i < connections; i++) {
		int fd = bench_connect(port);
		SSL *ssl = SSL_new(ctx);

		ask(ssl, fd);
		if (i >= kept)
			read_the_end(ssl, fd, late);
	}
	return 0;
}
