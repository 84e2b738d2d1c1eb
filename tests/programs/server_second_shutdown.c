/* SPDX-License-Identifier: MIT */
/*
 * Reads once, answers, SSL_shutdown() twice, as its manual page says, and prints what the second one gave: with
 * application data unread that is "application data after close notify". The habit of apr and of many wrappers.
 */
#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	int first, second;
	const char *reason;

	legacy_exchange(ssl);
	first = SSL_shutdown(ssl);
	second = SSL_shutdown(ssl);
	reason = ERR_reason_error_string(ERR_peek_error());
	printf("first=%d second=%d reason=%s\n", first, second, reason ? reason : "none");
	fflush(stdout);
	ERR_clear_error();
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
