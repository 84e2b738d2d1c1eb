/* SPDX-License-Identifier: MIT */
/*
 * A hand-written loop that never clears the error queue: a connection went away before its handshake, SSL_shutdown() failed on
 * it, and the error still lies there when the next connection, which is healthy, is read without anything to be read.
 * The program believes SSL_get_error(), and lets the healthy one go. --mode on tries again and says more, and so was not
 * deceived; --mode ended reads what the peer's close_notify has ended; --mode broken reads from a peer that has reset;
 * --mode write has a write that wants to be repeated; --mode full has no such error: it reads a record that does not decrypt while its
 * send queue is full, so that the alert does not go out and wants to be repeated.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "legacy.h"

static void leave_an_error(SSL *ssl)
{
	SSL *other = SSL_new(SSL_get_SSL_CTX(ssl));

	SSL_set_accept_state(other);
	SSL_set_fd(other, 0);
	SSL_shutdown(other);
	SSL_free(other);
}

static void wait_for_end(int fd)
{
	struct pollfd end = {.fd = fd, .events = POLLRDHUP};

	poll(&end, 1, 10000);
}

static void fill(int fd)
{
	static const char bytes[4096];
	struct pollfd record = {.fd = fd, .events = POLLIN};

	poll(&record, 1, 10000);
	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
}

static void talk(SSL *ssl, int fd)
{
	char buf[2048];
	int got;

	legacy_read_once(ssl);
	if (!legacy_is("on") && !legacy_is("write") && !legacy_is("full"))
		legacy_write(ssl);
	if (legacy_is("ended") || legacy_is("broken"))
		wait_for_end(fd);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	if (legacy_is("full"))
		fill(fd);
	else
		leave_an_error(ssl);
	if (legacy_is("write")) {
		printf("overfilled=%d\n", legacy_overfill(ssl, fd));
	} else {
		do
			got = SSL_read(ssl, buf, sizeof(buf));
		while (got > 0);
		printf("error=%d\n", SSL_get_error(ssl, got));
	}
	ERR_clear_error();
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	if (legacy_is("on"))
		legacy_write(ssl);
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
