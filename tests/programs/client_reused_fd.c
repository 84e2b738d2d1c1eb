/* SPDX-License-Identifier: MIT */
/*
 * close(), and the number is at once another's: a file's, or (--mode socket) a socket's. Then comes SSL_free(), whose
 * close_notify must not land there. The habit of ruby, whose SSL_free() runs at garbage collection. --mode shutdown: a
 * socket's, and SSL_shutdown() comes twice before it, which must not read from there either: sofia-sip's order.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "legacy.h"

/* What landed in the new owner of the number, -1 where it was shut or closed. */
static long bytes_in(int fd, int other_end)
{
	struct stat st;
	char buf[64];
	ssize_t got;

	if (other_end < 0)
		return fstat(fd, &st) == 0 ? (long)st.st_size : -1;
	got = recv(other_end, buf, sizeof(buf), MSG_DONTWAIT);
	return got > 0 ? (long)got : got == 0 ? -1 : 0;
}

static void shut_down_twice(SSL *ssl, const int pair[2])
{
	char buf[64];
	int first, second;

	if (write(pair[1], "for the other", 13) != 13)
		exit(4);
	first = SSL_shutdown(ssl);
	second = SSL_shutdown(ssl);
	printf("first=%d second=%d error=%d unread=%zd\n", first, second, SSL_get_error(ssl, second),
	       recv(pair[0], buf, sizeof(buf), MSG_DONTWAIT));
	ERR_clear_error();
}

static void talk(SSL *ssl, int fd)
{
	int pair[2] = {-1, -1};

	legacy_write(ssl);
	close(fd);
	if (legacy_is("socket") || legacy_is("shutdown"))
		socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	else
		pair[0] = memfd_create("reused", 0);
	if (legacy_is("shutdown"))
		shut_down_twice(ssl, pair);
	SSL_free(ssl);
	printf("same-number=%s bytes=%ld flags=%s\n", pair[0] == fd ? "yes" : "no",
	       bytes_in(pair[0], pair[1]), fcntl(pair[0], F_GETFL) & O_NONBLOCK ? "nonblock" : "as-before");
	close(pair[0]);
	if (pair[1] >= 0)
		close(pair[1]);
}

int main(int argc, char **argv)
{
	return legacy_call(argc, argv, talk);
}
