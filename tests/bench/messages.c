/* SPDX-License-Identifier: MIT */
/*
 * Small messages from one SSL to the other, both in this process, one at a time, on one connection. "write" counts
 * SSL_write alone: the records are taken from the socket by a raw read, so that no hooked call but SSL_write runs.
 * "both" reads them with SSL_read; SSL_read costs the difference of the two.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support.h"
#include "sys/kernel.h"

enum { MESSAGE_BYTES = 64 };

static SSL *client, *server;
static int client_fd, server_fd;

/* One side's next step; true when that side has finished. */
static int handshake_step(SSL *ssl)
{
	int result = SSL_do_handshake(ssl);
	int error;

	if (result == 1)
		return 1;
	error = SSL_get_error(ssl, result);
	if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
		bench_fail("the handshake");
	return 0;
}

/* One thread plays both sides: the sockets do not block while they take turns, and block afterwards. */
static void connect_both(void)
{
	int port;
	int listener = bench_listen(&port);
	int done;

	client_fd = bench_connect(port);
	server_fd = bench_accept(listener);
	fcntl(client_fd, F_SETFL, O_NONBLOCK);
	fcntl(server_fd, F_SETFL, O_NONBLOCK);

	client = SSL_new(bench_client_context());
	server = SSL_new(bench_server_context());
	SSL_set_fd(client, client_fd);
	SSL_set_fd(server, server_fd);
	SSL_set_connect_state(client);
	SSL_set_accept_state(server);
	do {
		done = handshake_step(client);
		done &= handshake_step(server);
	} while (!done);

	fcntl(client_fd, F_SETFL, 0);
	fcntl(server_fd, F_SETFL, 0);
}

int main(int argc, char **argv)
{
	char message[MESSAGE_BYTES] = "so long";
	char record[1024];

	if (argc != 3) {
		fprintf(stderr, "usage: %s write|both ITERATIONS\n", argv[0]);
		return 2;
	}
	bench_start();
	connect_both();

	int both = strcmp(argv[1], "both") == 0;

	for (long i = bench_number(argv[2]); i > 0; i--) {
		bench_write(client, message, sizeof(message));
		if (both)
			bench_read(server, message, sizeof(message));
		else if (kernel_call(SYS_read, server_fd, (long)record, sizeof(record), 0, 0, 0) <=
			 MESSAGE_BYTES)
			bench_fail("reading a record");
	}
	return 0;
}
