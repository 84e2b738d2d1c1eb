/* SPDX-License-Identifier: MIT */
/*
 * Reads once, answers, SSL_free(), close(): no close_notify, and a RST over whatever lies unread.
 * The habit of python, perl, merecat and redis-server.
 */
#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	legacy_exchange(ssl);
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
