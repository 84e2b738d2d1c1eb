/* SPDX-License-Identifier: MIT */
/*
 * The client of connection.c: never under the object and never counted. It asks, reads the reply to its end,
 * however that comes, and closes; "late" waits for the server's FIN before it does: then the server's close() comes
 * first, as it nearly always does where nothing slows it down.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection.h"
#include "support.h"

int main(int argc, char **argv)
{
	bool late = argc == 4 && strcmp(argv[3], "late") == 0;

	if (argc != 3 && !late) {
		fprintf(stderr, "usage: %s PORT CONNECTIONS [late]\n", argv[0]);
		return 2;
	}
	bench_start();

	int port = bench_number(argv[1]);
	SSL_CTX *ctx = bench_client_context();

	for (long i = bench_number(argv[2]); i > 0; i--) {
		char request[REQUEST_BYTES] = "please";
		char reply[REPLY_BYTES];
		int fd = bench_connect(port);
		SSL *ssl = SSL_new(ctx);

		bench_same_random_numbers();
		SSL_set_fd(ssl, fd);
		if (SSL_connect(ssl) != 1)
			bench_fail("SSL_connect");
		bench_write(ssl, request, sizeof(request));
		bench_read(ssl, reply, sizeof(reply));
		if (SSL_read(ssl, reply, sizeof(reply)) > 0)
			bench_fail("the end of the reply");
		SSL_free(ssl);
		while (late && recv(fd, reply, sizeof(reply), 0) > 0)
			continue;
		close(fd);
	}
	return 0;
}
