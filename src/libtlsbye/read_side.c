/* SPDX-License-Identifier: MIT */
/* See read_side.h. */
#include "read_side.h"

#include "descriptors.h"
#include "process.h"
#include "settings.h"

#include <errno.h>
#include <limits.h>
#include <sys/ioctl.h>

_Atomic uint32_t read_sides_played;

bool read_side_play(struct connection *c, int fd)
{
	int received = 0;
	if (settings->linger == LINGER_OFF || claim_is_entered(&c->claim) ||
	    atomic_load(&c->descriptors) != 1)
		return false;
	if (process_shares(c)) /* it may be waiting there: shutdown() wakes every holder's processes */
		return false;
	if (descriptor_is_watched_elsewhere(fd) || !process_has_one_thread() ||
	    ioctl(fd, FIONREAD, &received) != 0)
		return false;
	atomic_store(&c->read_left, received > 0 ? (uint32_t)received : 0);
	if (!atomic_exchange(&c->read_played, true))
		atomic_fetch_add(&read_sides_played, 1);
	return true;
}

void read_side_forget(struct connection *c)
{
	if (atomic_exchange(&c->read_played, false))
		atomic_fetch_sub(&read_sides_played, 1);
}

/* With a stake that the caller gives back. */
static struct connection *played_connection(int fd)
{
	struct connection *c = process_is_home() ? connection_hold_by_descriptor(fd) : NULL;
	if (!c || (atomic_load(&c->read_played) && connection_is_socket(c, fd)))
		return c;
	connection_unstake(c);
	return NULL;
}

/* What was there at the shutdown is read in the order of its arrival, so the first bytes that are asked for are it. */
bool read_side_is_at_end(int fd, size_t size)
{
	int saved = errno;
	struct connection *c = played_connection(fd);
	if (!c)
		return false;
	uint32_t left = atomic_load(&c->read_left);
	atomic_store(&c->read_left, left > size ? left - (uint32_t)size : 0);
	connection_unstake(c);
	errno = saved;
	return left == 0;
}

/* With MSG_WAITALL the kernel would wait for the rest, behind what is left: there the end has to be the real one. */
bool read_side_is_at_end_flags(int fd, size_t size, int flags)
{
	bool at_end = read_side_is_at_end(fd, flags & MSG_PEEK ? 0 : size);
	if (!at_end && flags & MSG_WAITALL)
		read_side_shut_really(fd);
	return at_end;
}

bool read_side_is_played(int fd)
{
	int saved = errno;
	struct connection *c = played_connection(fd);
	if (c)
		connection_unstake(c);
	errno = saved;
	return c != NULL;
}

static bool is_at_end_parts(int fd, const struct iovec *parts, size_t count, int flags)
{
	size_t size = 0;
	if (count > IOV_MAX || !read_side_is_played(fd))
		return false;
	for (size_t i = 0; i < count; i++)
		size += parts[i].iov_len;
	return read_side_is_at_end_flags(fd, size, flags);
}

bool read_side_is_at_end_parts(int fd, const struct iovec *parts, size_t count)
{
	return is_at_end_parts(fd, parts, count, 0);
}

bool read_side_is_at_end_message(int fd, const struct msghdr *message, int flags)
{
	if (!read_side_is_played(fd) || !message)
		return false;
	return is_at_end_parts(fd, message->msg_iov, message->msg_iovlen, flags);
}

void read_side_shut_really(int fd)
{
	int saved = errno;
	struct connection *c = played_connection(fd);
	if (c) {
		read_side_forget(c);
		c->read_shut = true;
		real.shutdown(fd, SHUT_RD);
		connection_unstake(c);
	}
	errno = saved;
}

void read_side_shut_polled(const struct pollfd *polled, nfds_t count)
{
	for (nfds_t i = 0; i < count; i++)
		read_side_shut_really(polled[i].fd);
}

static bool is_selected(int fd, const fd_set *set)
{
	return set && FD_ISSET(fd, set);
}

void read_side_shut_selected(int count, const fd_set *reading, const fd_set *writing, const fd_set *failing)
{
	for (int fd = 0; fd < count && fd < FD_SETSIZE; fd++)
		if (is_selected(fd, reading) || is_selected(fd, writing) || is_selected(fd, failing))
			read_side_shut_really(fd);
}
