/* SPDX-License-Identifier: MIT */
/*
 * Connects, writes, SSL_free(), close(), and never reads: over TLS 1.3 the server's session tickets lie unread, so
 * the close resets. The habit of `ncat --send-only` and of python's `sendall(); close()`.
 */
#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	legacy_write(ssl);
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_call(argc, argv, talk);
}
