/* SPDX-License-Identifier: MIT */
/*
 * The socket stands in the program's own epoll set and is closed without EPOLL_CTL_DEL, as the kernel allows: the
 * last close takes it out. Then counts what the set still says of it, over --rounds bounded waits. Any event loop.
 */
#include <sys/epoll.h>

#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	int set = epoll_create1(EPOLL_CLOEXEC), events = 0;
	struct epoll_event e = {.events = EPOLLIN | EPOLLRDHUP, .data.ptr = ssl};

	epoll_ctl(set, EPOLL_CTL_ADD, fd, &e);
	legacy_exchange(ssl);
	if (legacy_is("close-first"))
		close(fd);
	SSL_free(ssl);
	if (!legacy_is("close-first"))
		close(fd);
	for (int i = 0; i < legacy.rounds; i++)
		events += epoll_wait(set, &e, 1, 10) > 0;
	printf("events=%d\n", events);
	fflush(stdout);
	close(set);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
