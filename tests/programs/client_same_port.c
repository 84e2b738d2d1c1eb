/* SPDX-License-Identifier: MIT */
/*
 * Connects, writes, waits for something that it never reads, frees, closes: bare the connection is reset, and its port
 * is free. So the program binds it again at once, without SO_REUSEADDR, and listens there (rsh's second channel; ftp's
 * active mode). Prints what bind() and listen() answered;
 * what a second bind() beside the first does, as of a program that looks for a free port; and what the port's namesake among
 * the datagram sockets does, which another socket has and would share.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "legacy.h"

/* A port that is nobody's, not even in TIME_WAIT: that is what the kernel chooses for a bind. */
static int call_from_own_port(void)
{
	struct sockaddr_in here = {.sin_family = AF_INET}, there = here;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	here.sin_addr.s_addr = there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	there.sin_port = htons((uint16_t)legacy.port);
	if (bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0 ||
	    connect(fd, (struct sockaddr *)&there, sizeof(there)) != 0)
		exit(3);
	return fd;
}

static int error_of_bind(int fd, const struct sockaddr_storage *own)
{
	return bind(fd, (const struct sockaddr *)own, sizeof(struct sockaddr_in)) == 0 ? 0 : errno;
}

static void bind_beside(const struct sockaddr_storage *own)
{
	int on = 1, reuse = -1;
	socklen_t size = sizeof(reuse);
	int second = socket(AF_INET, SOCK_STREAM, 0), theirs = socket(AF_INET, SOCK_DGRAM, 0);
	int datagram = socket(AF_INET, SOCK_DGRAM, 0);

	printf("second=%d", error_of_bind(second, own));
	getsockopt(second, SOL_SOCKET, SO_REUSEADDR, &reuse, &size);
	setsockopt(theirs, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	printf(" reuse=%d theirs=%d", reuse, error_of_bind(theirs, own));
	printf(" datagram=%d\n", error_of_bind(datagram, own));
	close(second);
	close(theirs);
	close(datagram);
}

static void talk(SSL *ssl, int fd)
{
	struct pollfd unread = {.fd = fd, .events = POLLIN};
	struct sockaddr_storage own;
	socklen_t size = sizeof(own);
	int again, bound, listening;

	legacy_write(ssl);
	getsockname(fd, (struct sockaddr *)&own, &size);
	poll(&unread, 1, 10000);
	SSL_free(ssl);
	close(fd);
	again = socket(own.ss_family, SOCK_STREAM, 0);
	bound = bind(again, (struct sockaddr *)&own, size) == 0 ? 0 : errno;
	bind_beside(&own);
	listening = listen(again, 1) == 0 ? 0 : errno;
	printf("bind=%d listen=%d\n", bound, listening);
	close(again);
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, false);

	for (int i = 0; i < legacy.connections; i++) {
		int fd = call_from_own_port();

		talk(legacy_handshake(ctx, fd, false), fd);
	}
	SSL_CTX_free(ctx);
	return 0;
}
