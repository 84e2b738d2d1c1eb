/* SPDX-License-Identifier: MIT */
/*
 * A half-done SSL_write() is repeated with the same bytes from another buffer, without SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER:
 * buffers that grow by realloc(), strings of a garbage collector. --mode shorter repeats it with fewer bytes.
 */
#include <poll.h>

#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	static char anywhere[1 << 20];
	struct pollfd room = {.fd = fd, .events = POLLOUT};

	legacy_read_once(ssl);
	if (legacy_is("shorter"))
		SSL_set_mode(ssl, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (legacy_overfill(ssl, fd)) {
		poll(&room, 1, 1000);
		SSL_write(ssl, anywhere, legacy_is("shorter") ? 10 : (int)legacy.write);
	}
	ERR_clear_error();
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
