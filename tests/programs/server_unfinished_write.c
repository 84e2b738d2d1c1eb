/* SPDX-License-Identifier: MIT */
/*
 * A non-blocking SSL_write() says WANT_WRITE and is abandoned: SSL_free(), close(). What went out ends within a
 * record, and close_notify behind it would be a lie. Any event-driven server does so at its time limit.
 */
#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	legacy_read_once(ssl);
	printf("half-done=%s\n", legacy_overfill(ssl, fd) ? "yes" : "no");
	fflush(stdout);
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
