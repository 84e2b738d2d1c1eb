/* SPDX-License-Identifier: MIT */
/*
 * Behind shutdown(SHUT_RDWR) of a TLS socket: looks at what is still there with recvmsg(MSG_PEEK), and reads it then; and
 * makes calls on other descriptors that the kernel refuses. Prints what they gave.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "legacy.h"

static SSL *side(SSL_CTX *ctx, int fd, bool server)
{
	SSL *ssl = SSL_new(ctx);

	SSL_set_fd(ssl, fd);
	if (server)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

static const char *refusal(ssize_t n)
{
	return n >= 0 ? "none" : errno == EINVAL ? "EINVAL" : errno == EFAULT ? "EFAULT" : "another";
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, true);
	char buffer[64];
	struct iovec part = {buffer, sizeof(buffer)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	struct iovec *volatile no_parts = NULL; /* volatile: or the compiler knows better, and warns */
	struct msghdr *volatile no_message = NULL;
	volatile int count = -1;
	int pair[2], other[2];
	ssize_t peeked, got;
	SSL *server, *client;

	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, other);
	server = side(ctx, pair[0], true);
	client = side(SSL_CTX_new(TLS_client_method()), pair[1], false);
	for (int i = 0; i < 8; i++) {
		SSL_do_handshake(client);
		SSL_do_handshake(server);
	}
	if (write(pair[1], "unread", 6) != 6)
		return 1;
	shutdown(pair[0], SHUT_RDWR);
	peeked = recvmsg(pair[0], &message, MSG_PEEK);
	got = read(pair[0], buffer, sizeof(buffer));
	printf("peeked %zd, read %zd, then %zd\n", peeked, got, read(pair[0], buffer, sizeof(buffer)));
	printf("other descriptors: %s", refusal(readv(other[0], &part, count)));
	printf(" %s", refusal(readv(other[0], no_parts, 1)));
	printf(" %s\n", refusal(recvmsg(other[0], no_message, 0)));
	return 0;
}
