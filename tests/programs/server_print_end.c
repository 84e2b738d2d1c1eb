/* SPDX-License-Identifier: MIT */
/*
 * Reads to the end and prints which end it was: zero_return (close_notify), eof (a FIN without it), reset, or
 * another. The suffering side: what every client of a wrong server has to tell apart.
 */
#include <errno.h>

#include "legacy.h"

#ifndef SSL_R_UNEXPECTED_EOF_WHILE_READING /* 3.0's */
#define SSL_R_UNEXPECTED_EOF_WHILE_READING 294
#endif

static const char *end_of(SSL *ssl, int got, int error)
{
	switch (SSL_get_error(ssl, got)) {
	case SSL_ERROR_ZERO_RETURN:
		return "zero_return";
	case SSL_ERROR_SYSCALL:
		/* Up to 1.1.1 an unexpected end was a system call's error, with errno 0. */
		return error == ECONNRESET ? "reset" : "eof";
	case SSL_ERROR_SSL:
		return ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING ? "eof" : "ssl";
	default:
		return "other";
	}
}

static void talk(SSL *ssl, int fd)
{
	char buf[2048];
	int got;

	do {
		errno = 0;
		got = SSL_read(ssl, buf, sizeof(buf));
	} while (got > 0);
	printf("end=%s\n", end_of(ssl, got, errno));
	fflush(stdout);
	ERR_clear_error();
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
