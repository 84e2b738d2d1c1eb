/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL's memory is the program's (CRYPTO_set_mem_functions), as in nginx's and PostgreSQL's builds with pools, and it ends:
 * from the n-th piece on that SSL_free() asks for, n one more with each connection; --mode write: that SSL_write() asks for.
 */
#include <openssl/crypto.h>

#include "legacy.h"

static int pieces_left = -1; /* -1: any number */

static bool is_none_left(void)
{
	if (pieces_left > 0)
		pieces_left--;
	return pieces_left == 0;
}

static void *take(size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return is_none_left() ? NULL : malloc(size);
}

static void *take_more(void *piece, size_t size, const char *file, int line)
{
	(void)file, (void)line;
	return is_none_left() ? NULL : realloc(piece, size);
}

static void give_back(void *piece, const char *file, int line)
{
	(void)file, (void)line;
	free(piece);
}

static void talk(SSL *ssl, int fd)
{
	static int connection;
	const int first = ++connection;

	SSL_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
	legacy_write(ssl);
	if (legacy_is("write")) {
		pieces_left = first;
		SSL_write(ssl, "more", 4);
		pieces_left = -1;
	}
	pieces_left = legacy_is("write") ? -1 : first;
	SSL_free(ssl);
	pieces_left = -1;
	close(fd);
}

int main(int argc, char **argv)
{
	CRYPTO_set_mem_functions(take, take_more, give_back);
	return legacy_call(argc, argv, talk);
}
