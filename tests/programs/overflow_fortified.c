/* SPDX-License-Identifier: MIT */
/*
 * What _FORTIFY_SOURCE is for: read, recv or recvfrom (--mode) of more than the buffer holds. libc ends the program.
 * --status 1: of as much as it holds; then the program ends with 0.
 */
#include <sys/socket.h>

#include "legacy.h"

ssize_t __read_chk(int fd, void *buf, size_t size, size_t room);
ssize_t __recv_chk(int fd, void *buf, size_t size, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *__restrict buf, size_t size, size_t room, int flags, __SOCKADDR_ARG from,
		       socklen_t *__restrict from_size);

int main(int argc, char **argv)
{
	char buf[16];
	int ends[2];
	ssize_t n;

	legacy_start(argc, argv, false);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 || write(ends[1], "12345678", 8) != 8)
		return 3;

	size_t room = legacy.status ? 8 : 7;

	if (legacy_is("recvfrom"))
		n = __recvfrom_chk(ends[0], buf, 8, room, 0, NULL, NULL);
	else if (legacy_is("recv"))
		n = __recv_chk(ends[0], buf, 8, room, 0);
	else
		n = __read_chk(ends[0], buf, 8, room);
	return n == 8 ? 0 : 3;
}
