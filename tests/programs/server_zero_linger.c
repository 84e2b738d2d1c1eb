/* SPDX-License-Identifier: MIT */
/*
 * Means to abort: SO_LINGER with a zero timeout, then SSL_free() and close(). haproxy does so on purpose, to be rid
 * of a client; whoever cures that breaks it. --mode late sets it between the two.
 */
#include <sys/socket.h>

#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};

	legacy_exchange(ssl);
	if (legacy_is("late"))
		SSL_free(ssl);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	if (!legacy_is("late"))
		SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
