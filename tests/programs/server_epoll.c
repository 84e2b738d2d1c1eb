/* SPDX-License-Identifier: MIT */
/*
 * The socket stands in the program's own epoll set and is closed without EPOLL_CTL_DEL, as the kernel allows: the
 * last close takes it out. Then counts what the set still says of it, over --rounds bounded waits. Any event loop.
 * "many": 300 other sets are open, one a loop or a worker, and look at something else; "moved": it was in another set before.
 */
#include <err.h>
#include <sys/epoll.h>

#include "legacy.h"

enum { OTHERS = 300 };

static void open_others(int looked_at)
{
	struct epoll_event e = {.events = EPOLLIN};

	for (int i = 0; i < OTHERS; i++)
		if (epoll_ctl(epoll_create1(EPOLL_CLOEXEC), EPOLL_CTL_ADD, looked_at, &e) != 0)
			err(1, "epoll_ctl");
}

static void be_in_another_set_first(int fd)
{
	int set = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e = {.events = EPOLLIN};

	if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &e) != 0 || epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL) != 0)
		err(1, "epoll_ctl");
}

static void talk(SSL *ssl, int fd)
{
	static int ends[2];

	if (legacy_is("many") && !ends[1] && pipe(ends) == 0)
		open_others(ends[0]);
	if (legacy_is("moved"))
		be_in_another_set_first(fd);

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
