/* SPDX-License-Identifier: MIT */
/*
 * Reads once, answers, close(), and only then SSL_free(): at SSL_free() the socket is gone, and its number may be
 * another's. The habit of ruby (at garbage collection), w3m, check_http, httperf and s_client. --mode dup2 puts
 * another file over it instead of the close().
 */
#include <fcntl.h>

#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	int null = open("/dev/null", O_RDONLY);

	legacy_exchange(ssl);
	if (legacy_is("dup2"))
		dup2(null, fd);
	else
		close(fd);
	SSL_free(ssl);
	close(null);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
