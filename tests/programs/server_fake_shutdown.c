/* SPDX-License-Identifier: MIT */
/*
 * SSL_set_shutdown(SENT | RECEIVED), SSL_free(), close(): keeps the session in the cache and sends nothing. A common
 * fake: nginx, apache2, php, h2load and stunnel. --mode said sends its close_notify before.
 */
#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	legacy_exchange(ssl);
	if (legacy_is("said"))
		SSL_shutdown(ssl);
	SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
