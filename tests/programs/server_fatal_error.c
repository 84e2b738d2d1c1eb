/* SPDX-License-Identifier: MIT */
/*
 * Reads until something goes wrong (a record that does not decrypt), and then frees and closes like all the
 * others: after SSL_ERROR_SSL neither SSL_shutdown() nor close_notify is allowed.
 */
#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	char buf[2048];
	int got;

	legacy_write(ssl);
	while ((got = SSL_read(ssl, buf, sizeof(buf))) > 0)
		;
	printf("ssl-error=%s\n", SSL_get_error(ssl, got) == SSL_ERROR_SSL ? "yes" : "no");
	fflush(stdout);
	ERR_clear_error();
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
