/* SPDX-License-Identifier: MIT */
/*
 * Waits until the peer has closed, and only then writes: what a client does that keeps a connection for its next request.
 * The peer's kernel answers with a reset. Then it reads (--mode read), or writes once more (--mode write).
 * --mode killed says SSL_shutdown() instead, with SIGPIPE at its default, as most small tools have it.
 * --mode once reads without having written, many times, as a loop does that looks at no result. Prints all that the last
 * call left behind: result, SSL_get_error(), errno, the error queue, SO_ERROR.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "legacy.h"

static void wait_for(int fd, short event)
{
	struct pollfd end = {.fd = fd, .events = event};

	while (poll(&end, 1, 10000) == 1 && !(end.revents & (event | POLLERR)))
		;
}

static void talk(SSL *ssl, int fd)
{
	char buf[2048];
	int got = 1, pending = 0;
	socklen_t size = sizeof(pending);

	wait_for(fd, POLLRDHUP);
	if (!legacy_is("once")) {
		printf("first=%d\n", SSL_write(ssl, "late", 4));
		wait_for(fd, POLLHUP); /* both sides: there is no connection any more */
	}
	if (legacy_is("killed")) {
		signal(SIGPIPE, SIG_DFL);
		SSL_shutdown(ssl);
	}
	if (legacy_is("write"))
		got = SSL_write(ssl, "later", 5);
	for (int i = 0; !legacy_is("write") && i < 100; i++)
		got = SSL_read(ssl, buf, sizeof(buf));
	printf("last=%d error=%d errno=%d queue=%lx", got, SSL_get_error(ssl, got), errno,
	       ERR_peek_last_error());
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &pending, &size);
	printf(" so_error=%d\n", pending);
	ERR_clear_error();
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_call(argc, argv, talk);
}
