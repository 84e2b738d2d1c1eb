/* SPDX-License-Identifier: MIT */
/*
 * A non-blocking SSL_write() says WANT_WRITE and is abandoned: SSL_free(), close(). What went out ends within a
 * record, and close_notify behind it would be a lie. Any event-driven server does so at its time limit.
 * --mode later repeats the write, as it should, and abandons it when half of it is out; --mode partial allows short
 * writes and abandons what is left behind the first: no record is torn, and yet it was not all.
 */
#include <poll.h>

#include "judge/pattern.h"
#include "legacy.h"

/* Until half of it is out and the socket is full again. */
static bool abandon_later(SSL *ssl, int fd)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};
	bool full;

	SSL_set_mode(ssl, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	do {
		poll(&room, 1, 1000);
		full = legacy_overfill(ssl, fd);
	} while (full && BIO_number_written(SSL_get_wbio(ssl)) < legacy.write / 2);
	return full;
}

/* With partial writes a call returns behind each record. */
static bool write_short(SSL *ssl)
{
	static unsigned char buf[64 << 10];
	int wrote;

	pattern_fill(buf, sizeof(buf), 0);
	SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE);
	wrote = SSL_write(ssl, buf, sizeof(buf));
	return wrote > 0 && wrote < (int)sizeof(buf);
}

static void talk(SSL *ssl, int fd)
{
	bool half_done;

	legacy_read_once(ssl);
	if (legacy_is("later"))
		half_done = abandon_later(ssl, fd);
	else if (legacy_is("partial"))
		half_done = write_short(ssl);
	else
		half_done = legacy_overfill(ssl, fd);
	printf("half-done=%s\n", half_done ? "yes" : "no");
	fflush(stdout);
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
