/* SPDX-License-Identifier: MIT */
/*
 * Goes on with a copy of its socket: the number by which OpenSSL knew it is another socket's when the copy is closed. The
 * habit of programs that move their sockets to high numbers.
 */
#include <sys/socket.h>

#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	int pair[2], copy = dup(fd);

	legacy_write(ssl);
	close(fd);
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	SSL_free(ssl);
	close(copy);
	printf("same-number=%s\n", pair[0] == fd ? "yes" : "no");
	close(pair[0]);
	close(pair[1]);
}

int main(int argc, char **argv)
{
	return legacy_call(argc, argv, talk);
}
