/* SPDX-License-Identifier: MIT */
/*
 * Reads once, answers, SSL_shutdown() twice, as its manual page says, and prints what the second one gave: with
 * application data unread that is "application data after close notify". The habit of apr and of many wrappers.
 *
 * --mode late: the second one when the peer has ended. --mode nonblocking: repeated for as long as SSL_get_error() says so.
 */
#include <fcntl.h>
#include <poll.h>

#include "legacy.h"

static void await_end(int fd)
{
	struct pollfd end = {.fd = fd, .events = POLLRDHUP};

	poll(&end, 1, 20000);
}

static int repeat(SSL *ssl, int fd)
{
	struct pollfd more = {.fd = fd, .events = POLLIN};
	int result;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while ((result = SSL_shutdown(ssl)) < 0 && SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ)
		poll(&more, 1, 20000);
	return result;
}

static void talk(SSL *ssl, int fd)
{
	int first, second;
	long begin;
	const char *reason;

	legacy_exchange(ssl);
	first = SSL_shutdown(ssl);
	if (legacy_is("late"))
		await_end(fd);
	begin = legacy_ms();
	second = legacy_is("nonblocking") ? repeat(ssl, fd) : SSL_shutdown(ssl);
	reason = ERR_reason_error_string(ERR_peek_error());
	printf("first=%d second=%d error=%d waited=%s reason=%s\n", first, second, SSL_get_error(ssl, second),
	       legacy_ms() - begin > 5000 ? "yes" : "no", reason ? reason : "none");
	fflush(stdout);
	ERR_clear_error();
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
