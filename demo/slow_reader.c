/* SPDX-License-Identifier: MIT */
/*
 * An HTTPS client on a slow line: a small receive buffer, and a pause before it reads. It sends its request and
 * 64 KB that nobody asked for in one go (a pipelined upload would do the same), and prints how many bytes of
 * the answer came, headers included, and how the connection ended.
 *
 * A server that closes with those bytes unread resets the connection, and what this client has not taken yet
 * is lost, although the server's SSL_write said that all was written.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <openssl/err.h>

#include "common.h"

enum {
	JUNK_BYTES = 64 * 1024,
	RECEIVE_BUFFER = 4096,
	PAUSE_NS = 150 * 1000 * 1000,
};

static void send_request(SSL *ssl, const char *path)
{
	char *junk = filled_buffer(JUNK_BYTES);
	char *all = NULL;
	int length = asprintf(&all, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n%.*s",
			      path, JUNK_BYTES, junk);

	if (length < 0)
		die("asprintf");
	SSL_write(ssl, all, length);
	free(all);
	free(junk);
}

int main(int argc, char **argv)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	char buff[16384];
	size_t arrived = 0;
	int n;

	if (argc != 3) {
		fprintf(stderr, "usage: %s PORT PATH\n", argv[0]);
		return 2;
	}
	set_up_process();

	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	int fd = connect_to_loopback(number(argv[1], "the port"), RECEIVE_BUFFER);

	SSL_set_fd(ssl, fd);
	if (SSL_connect(ssl) != 1)
		die_openssl("SSL_connect");
	send_request(ssl, argv[2]);
	nanosleep(&pause, NULL); /* this is the slowness, not a wait for something */

	ERR_clear_error();
	errno = 0;
	while ((n = SSL_read(ssl, buff, sizeof(buff))) > 0)
		arrived += n;
	printf("%zu bytes arrived, ended by %s\n", arrived, ending_text(how_it_ended(ssl, n)));

	SSL_free(ssl);
	close(fd);
	SSL_CTX_free(ctx);
	return 0;
}
