/* SPDX-License-Identifier: MIT */
/*
 * While its connection is open it closes what has nothing to do with TLS: a pipe, a file, a socket pair and a TCP
 * socket with bytes unread, each of them twice, and numbers that were never open. Prints result and errno of each, and
 * how the other end of the TCP socket saw it end (a reset): bare and cured output must not differ (P8, P9).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "legacy.h"

static int plain_listener;

static void close_twice(const char *what, int fd)
{
	for (int i = 0; i < 2; i++) {
		int result;

		errno = 0;
		result = close(fd);
		printf("%s: close=%d errno=%d\n", what, result, errno);
	}
}

static void plain_tcp(void)
{
	struct sockaddr_storage a;
	socklen_t size = sizeof(a);
	int client = socket(AF_INET, SOCK_STREAM, 0), server;
	struct pollfd p;
	char byte;

	getsockname(plain_listener, (struct sockaddr *)&a, &size);
	connect(client, (struct sockaddr *)&a, size);
	server = accept(plain_listener, NULL, NULL);
	p = (struct pollfd){.fd = server, .events = POLLIN};
	if (write(client, "unread", 6) != 6 || poll(&p, 1, 5000) != 1)
		printf("nothing came\n");
	close_twice("tcp", server);
	p.fd = client;
	poll(&p, 1, 5000);
	errno = 0;
	printf("its peer: read=%zd", read(client, &byte, 1));
	printf(" errno=%d\n", errno);
	close(client);
}

static void talk(SSL *ssl, int fd)
{
	int pair[2];

	legacy_read_once(ssl);
	if (pipe(pair) == 0) {
		close_twice("pipe", pair[0]);
		close_twice("pipe", pair[1]);
	}
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0) {
		close_twice("pair", pair[0]);
		close_twice("pair", pair[1]);
	}
	close_twice("file", open("/dev/null", O_RDONLY));
	close_twice("none", -1);
	close_twice("none", 1 << 30);
	plain_tcp();
	fflush(stdout);
	legacy_write(ssl);
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	plain_listener = socket(AF_INET, SOCK_STREAM, 0);
	if (plain_listener < 0 || listen(plain_listener, 8) != 0)
		return 3;
	return legacy_serve(argc, argv, talk);
}
