/* SPDX-License-Identifier: MIT */
/*
 * The SSL has memory BIOs, and the program moves the bytes itself: node, python's asyncio, dovecot. No SSL_* call does
 * any I/O, so nothing tells which socket is the connection's.
 */
#include "legacy.h"

static SSL *ssl;
static int fd;

static void pump_out(void)
{
	char bytes[16384];
	int n;

	while ((n = BIO_read(SSL_get_wbio(ssl), bytes, sizeof(bytes))) > 0)
		if (write(fd, bytes, (size_t)n) != n)
			exit(3);
}

static void pump_in(void)
{
	char bytes[512];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	if (n <= 0 || BIO_write(SSL_get_rbio(ssl), bytes, (int)n) != n)
		exit(3);
}

static void serve(SSL_CTX *ctx)
{
	char request[2048];

	ssl = SSL_new(ctx);
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	while (SSL_accept(ssl) != 1) {
		pump_out();
		pump_in();
	}
	pump_out();
	while (SSL_read(ssl, request, sizeof(request)) <= 0)
		pump_in();
	for (int i = 0; i < legacy.rounds; i++)
		SSL_peek(ssl, request, 1);
	legacy_write(ssl);
	pump_out();
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, true);
	int listener = legacy_listen();

	for (int i = 0; i < legacy.connections; i++) {
		fd = legacy_accept(listener);
		serve(ctx);
	}
	SSL_CTX_free(ctx);
	return 0;
}
