/* SPDX-License-Identifier: MIT */
/* See watchers.h. */
#include "connection/watchers.h"

#include "connection/descriptors.h"
#include "connection/epoll_sets.h"

#include <errno.h>

/* Of a number: 0, nobody; the set's number + 1; or one of these. */
enum { STREAM = DESCRIPTOR_LIMIT + 1, SEVERAL };
static _Atomic uint32_t watchers[DESCRIPTOR_LIMIT];

static _Atomic bool any_beyond; /* a set whose number is too high to be known */

static void note(int fd, uint32_t who)
{
	if ((unsigned)fd >= DESCRIPTOR_LIMIT)
		return;
	uint32_t now = atomic_load(&watchers[fd]);
	while (now != who && now != SEVERAL &&
	       !atomic_compare_exchange_weak(&watchers[fd], &now, now ? SEVERAL : who))
		continue;
}

void watchers_note_set(int fd, int epfd)
{
	bool beyond = (unsigned)epfd >= DESCRIPTOR_LIMIT;
	if (beyond)
		atomic_store(&any_beyond, true);
	note(fd, beyond ? SEVERAL : (uint32_t)epfd + 1);
}

void watchers_note_stream(int fd)
{
	note(fd, STREAM);
}

bool watchers_any(int fd)
{
	return (unsigned)fd >= DESCRIPTOR_LIMIT || atomic_load(&watchers[fd]);
}

void watchers_forget(int fd)
{
	if ((unsigned)fd < DESCRIPTOR_LIMIT && atomic_load(&watchers[fd]))
		atomic_store(&watchers[fd], 0);
}

bool watchers_can_leave(int fd)
{
	return !watchers_any(fd) || !atomic_load(&any_beyond);
}

enum left { WAS_ELSEWHERE, LEFT, STAYS };

/* STAYS: a filter has refused it. */
static enum left leave(int fd, int epfd)
{
	if (!epoll_sets_knows(epfd))
		return WAS_ELSEWHERE;
	if (real.epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL) == 0)
		return LEFT;
	return errno == ENOENT || errno == EBADF || errno == EINVAL ? WAS_ELSEWHERE : STAYS;
}

static bool leave_each(int fd)
{
	bool out = true;
	int epfd;
	for (unsigned from = 0; (epfd = descriptors_next_known(from, DESCRIPTOR_LIMIT - 1)) >= 0;
	     from = (unsigned)epfd + 1)
		out = leave(fd, epfd) != STAYS && out;
	return out;
}

bool watchers_leave(int fd)
{
	uint32_t who = (unsigned)fd < DESCRIPTOR_LIMIT ? atomic_load(&watchers[fd]) : SEVERAL;
	bool in_set = who && who != STREAM;
	if (!in_set || (who != SEVERAL && leave(fd, (int)who - 1) == LEFT))
		return true;
	return leave_each(fd);
}
