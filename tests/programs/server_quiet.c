/* SPDX-License-Identifier: MIT */
/*
 * Asks OpenSSL for a quiet shutdown, and then even calls SSL_shutdown(): it succeeds and sends nothing. Old
 * Postfix and stunnel set it to spare a packet.
 */
#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	legacy_exchange(ssl);
	SSL_set_quiet_shutdown(ssl, 1);
	SSL_shutdown(ssl);
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
