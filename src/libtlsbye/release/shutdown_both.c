/* SPDX-License-Identifier: MIT */
/* See shutdown_both.h. */
#include "release/shutdown_both.h"

#include "connection/copies.h"
#include "connection/descriptors.h"
#include "connection/ownership.h"
#include "connection/records.h"
#include "connection/socket.h"
#include "connection/watchers.h"
#include "sys/process.h"
#include "sys/settings.h"

#include <errno.h>
#include <limits.h>
#include <sys/ioctl.h>

_Atomic uint32_t shutdown_both_emulated;

bool shutdown_both_emulate(struct connection *c, int fd)
{
	int received = 0;
	if (settings->linger == LINGER_OFF || claim_is_entered(&c->claim) ||
	    atomic_load(&c->socket.descriptors) != 1)
		return false;
	if (ownership_shares(c) ||
	    copies_are_away(c)) /* it may be waiting there: shutdown() wakes every holder's processes */
		return false;
	if (watchers_any(fd) || !process_has_one_thread() || ioctl(fd, FIONREAD, &received) != 0)
		return false;
	atomic_store(&c->released.read_left, received > 0 ? (uint32_t)received : 0);
	if (!atomic_exchange(&c->released.read_emulated, true))
		atomic_fetch_add(&shutdown_both_emulated, 1);
	return true;
}

void shutdown_both_forget(struct connection *c)
{
	if (atomic_exchange(&c->released.read_emulated, false))
		atomic_fetch_sub(&shutdown_both_emulated, 1);
}

/* With a reference that the caller gives back. */
static struct connection *played_connection(int fd)
{
	struct connection *c = process_is_original() ? descriptors_ref_connection(fd) : NULL;
	if (!c || (atomic_load(&c->released.read_emulated) && socket_is_of(c, fd)))
		return c;
	records_unref(c);
	return NULL;
}

/* What was there at the shutdown is read in the order of its arrival, so the first bytes that are asked for are it. */
bool shutdown_both_is_at_end(int fd, size_t size)
{
	int saved = errno;
	struct connection *c = played_connection(fd);
	if (!c)
		return false;
	uint32_t left = atomic_load(&c->released.read_left);
	atomic_store(&c->released.read_left, left > size ? left - (uint32_t)size : 0);
	records_unref(c);
	errno = saved;
	return left == 0;
}

/* With MSG_WAITALL the kernel would wait for the rest, after what is left: there the end has to be the real one. */
bool shutdown_both_is_at_end_flags(int fd, size_t size, int flags)
{
	bool at_end = shutdown_both_is_at_end(fd, flags & MSG_PEEK ? 0 : size);
	if (!at_end && flags & MSG_WAITALL)
		shutdown_both_really(fd);
	return at_end;
}

bool shutdown_both_is_emulated(int fd)
{
	int saved = errno;
	struct connection *c = played_connection(fd);
	if (c)
		records_unref(c);
	errno = saved;
	return c != NULL;
}

static bool is_at_end_parts(int fd, const struct iovec *parts, size_t count, int flags)
{
	size_t size = 0;
	if (count > IOV_MAX || !shutdown_both_is_emulated(fd))
		return false;
	for (size_t i = 0; i < count; i++)
		size += parts[i].iov_len;
	return shutdown_both_is_at_end_flags(fd, size, flags);
}

bool shutdown_both_is_at_end_parts(int fd, const struct iovec *parts, size_t count)
{
	return is_at_end_parts(fd, parts, count, 0);
}

bool shutdown_both_is_at_end_message(int fd, const struct msghdr *message, int flags)
{
	if (!shutdown_both_is_emulated(fd) || !message)
		return false;
	return is_at_end_parts(fd, message->msg_iov, message->msg_iovlen, flags);
}

void shutdown_both_really(int fd)
{
	int saved = errno;
	struct connection *c = played_connection(fd);
	if (c) {
		shutdown_both_forget(c);
		c->released.read_shut = true;
		real.shutdown(fd, SHUT_RD);
		records_unref(c);
	}
	errno = saved;
}

void shutdown_both_polled(const struct pollfd *polled, nfds_t count)
{
	for (nfds_t i = 0; i < count; i++)
		shutdown_both_really(polled[i].fd);
}

static bool is_selected(int fd, const fd_set *set)
{
	return set && FD_ISSET(fd, set);
}

void shutdown_both_selected(int count, const fd_set *reading, const fd_set *writing, const fd_set *failing)
{
	for (int fd = 0; fd < count && fd < FD_SETSIZE; fd++)
		if (is_selected(fd, reading) || is_selected(fd, writing) || is_selected(fd, failing))
			shutdown_both_really(fd);
}
