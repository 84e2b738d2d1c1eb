/* SPDX-License-Identifier: MIT */
/*
 * close() first, SSL_shutdown() later, when the number is another connection's: programs whose socket and whose SSL have
 * different owners (sofia-sip). Bare, the second connection gets a record of the first.
 * --mode free: SSL_free() closes the number, because the BIO was told to.
 */
#include <signal.h>

#include "legacy.h"

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, false);
	int fd = legacy_connect(), other = legacy_connect();
	SSL *ssl = legacy_handshake(ctx, fd, false), *victim;
	char buf[100];

	dup2(other, fd); /* closes the first connection's, and gives its number to the second */
	close(other);
	victim = legacy_handshake(ctx, fd, false);
	if (legacy_is("free"))
		BIO_set_close(SSL_get_rbio(ssl), BIO_CLOSE);
	else
		SSL_shutdown(ssl);
	ERR_clear_error();
	SSL_free(ssl);
	printf("wrote=%d\n", SSL_write(victim, "victim", 6));
	while (SSL_read(victim, buf, sizeof(buf)) > 0)
		;
	ERR_clear_error();
	SSL_free(victim);
	close(fd);
	SSL_CTX_free(ctx);
	return 0;
}
