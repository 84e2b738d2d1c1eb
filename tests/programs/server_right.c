/* SPDX-License-Identifier: MIT */
/*
 * The control: both sides SSL_shutdown() once there is no more to write, and both read until 0 before they close.
 * Reads its whole request (--read), answers, and drains what comes behind it. nginx and apache2 do as much.
 */
#include "legacy.h"

static void read_request(SSL *ssl)
{
	char buf[2048];
	size_t left = legacy.read;

	while (left > 0) {
		int got = SSL_read(ssl, buf, left < sizeof(buf) ? (int)left : (int)sizeof(buf));

		if (got <= 0)
			return;
		left -= (size_t)got;
	}
}

static void talk(SSL *ssl, int fd)
{
	char buf[2048];

	read_request(ssl);
	legacy_write(ssl);
	SSL_shutdown(ssl);
	while (SSL_read(ssl, buf, sizeof(buf)) > 0)
		;
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
