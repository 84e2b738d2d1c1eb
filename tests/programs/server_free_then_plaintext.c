/* SPDX-License-Identifier: MIT */
/*
 * SSL_free() ends TLS, not the connection: it goes on in plaintext on the same socket, then closes. FTPS with CCC
 * (RFC 4217), and any STARTTLS server that drops its layer. --mode notify does it right, by SSL_shutdown() first.
 */
#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	legacy_exchange(ssl);
	if (legacy_is("notify"))
		SSL_shutdown(ssl);
	SSL_free(ssl);
	if (write(fd, "PLAIN\n", 6) != 6)
		perror("write");
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
