/* SPDX-License-Identifier: MIT */
/*
 * Reads once, answers, close(), and only then SSL_free(): at SSL_free() the socket is gone, and its number may be
 * another's. The habit of ruby (at garbage collection), w3m, check_http, httperf and s_client.
 */
#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	legacy_exchange(ssl);
	close(fd);
	SSL_free(ssl);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
