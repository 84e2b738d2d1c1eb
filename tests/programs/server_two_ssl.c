/* SPDX-License-Identifier: MIT */
/*
 * A second SSL stands on the descriptor of a connection that is in use: a retry that was given up, an object made in
 * advance and thrown away. --mode idle: it was never used; tried: its SSL_accept() found nothing to read, and it is freed
 * before the connection goes on; tried-last: the same, and it is freed last.
 */
#include <fcntl.h>

#include "legacy.h"

static SSL *second_on(SSL *first, int fd)
{
	SSL *second = SSL_new(SSL_get_SSL_CTX(first));
	int flags = fcntl(fd, F_GETFL);

	SSL_set_fd(second, fd);
	if (legacy_is("idle"))
		return second;
	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	printf("second=%d\n", SSL_accept(second));
	fflush(stdout);
	fcntl(fd, F_SETFL, flags);
	return second;
}

static void talk(SSL *first, int fd)
{
	SSL *second = second_on(first, fd);

	if (!legacy_is("tried-last"))
		SSL_free(second);
	legacy_write(first); /* the judge waits for it before it says anything */
	legacy_read_once(first);
	SSL_free(first);
	if (legacy_is("tried-last"))
		SSL_free(second);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
