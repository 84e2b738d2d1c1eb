/* SPDX-License-Identifier: MIT */
/*
 * Writes a record with a made-up body behind its reply: what a peer sees when two processes use one connection's
 * keys (P7). --mode late sends it behind close_notify instead. No program does so on purpose; a fork is enough.
 */
#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	static const unsigned char record[5 + 64] = {0x17, 0x03, 0x03, 0, 64};

	legacy_exchange(ssl);
	if (legacy_is("late"))
		SSL_shutdown(ssl);
	if (write(fd, record, sizeof(record)) != (ssize_t)sizeof(record))
		perror("write");
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
