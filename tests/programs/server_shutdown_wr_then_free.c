/* SPDX-License-Identifier: MIT */
/*
 * Reads once, answers, shutdown(SHUT_WR) before any close_notify: a FIN, and nothing that says it was all.
 * The habit of ncat, pen and python's server.
 */
#include <sys/socket.h>

#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	legacy_exchange(ssl);
	shutdown(fd, SHUT_WR);
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
