/* SPDX-License-Identifier: MIT */
/* See copies.h. */
#include "connection/copies.h"

#include "connection/descriptors.h"
#include "connection/ownership.h"
#include "connection/records.h"
#include "connection/socket.h"
#include "sys/process.h"

#include <errno.h>
#include <string.h>

/* Was one ever sent? Else a message that is received brings none of ours, but to the child of a fork. */
static _Atomic bool any_sent;

/* --- what is in a message --- */

typedef void visit_descriptor(int fd, void *arg);

static void each_in(struct cmsghdr *part, visit_descriptor *visit, void *arg)
{
	if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
		return;
	size_t bytes = part->cmsg_len - CMSG_LEN(0);
	for (size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
		int fd;
		memcpy(&fd, CMSG_DATA(part) + at, sizeof fd);
		visit(fd, arg);
	}
}

static void each_descriptor(const struct msghdr *message, visit_descriptor *visit, void *arg)
{
	struct msghdr parts = {.msg_control = message->msg_control,
			       .msg_controllen = message->msg_controllen};
	struct cmsghdr *part = CMSG_FIRSTHDR(&parts);
	for (; part && part->cmsg_len >= CMSG_LEN(0); part = CMSG_NXTHDR(&parts, part))
		each_in(part, visit, arg);
}

/* --- on its way out --- */

static void note_sent(int fd, void *arg)
{
	struct connection *c = descriptors_ref_connection(fd);
	(void)arg;
	if (!c)
		return;
	atomic_store(&any_sent, true);
	atomic_fetch_add(&c->socket.away, 1);
	records_unref(c);
}

void copies_sent(const struct msghdr *message)
{
	if (message->msg_controllen && process_is_original())
		each_descriptor(message, note_sent, NULL);
}

/* --- on its way in --- */

struct wanted {
	uint64_t cookie;
	struct connection *found; /* with a reference */
};

static bool is_wanted(const struct connection *c, const struct wanted *wanted)
{
	bool lives = atomic_load(&c->ssl) || atomic_load(&c->socket.descriptors);
	return lives && c->socket.cookie == wanted->cookie && !c->released.superseded;
}

static void look(struct connection *c, void *arg)
{
	struct wanted *wanted = arg;
	if (wanted->found || !is_wanted(c, wanted) || !records_ref_if_used(c))
		return;
	if (is_wanted(c, wanted))
		wanted->found = c;
	else
		records_unref(c);
}

static struct connection *connection_of(int fd)
{
	struct wanted wanted = {0};
	if (socket_cookie(fd, &wanted.cookie) && wanted.cookie)
		records_each(look, &wanted);
	return wanted.found;
}

/* It goes on: what was noted of the close that was none is taken back. */
static void unpark(struct connection *c, int fd)
{
	if (!c->released.parked)
		return;
	c->released.parked = false;
	if (c->released.reason == COPIED)
		c->released.reason = MAY_SPEAK;
	atomic_fetch_and(&c->released.close_paths, ~(uint32_t)PATH_CLOSE);
	atomic_store(&c->socket.fd, fd);
}

/*
 * One that was sent has come home: nobody else can have taken the message where the process has made both ends of the socket that
 * brought it, and has no child that could have either. The kernel's TLS would serve any holder: there it is not believed.
 */
static void note_received(int fd, void *arg)
{
	const bool *home = arg;
	struct connection *c = connection_of(fd);
	if (!c)
		return;
	if (!descriptors_belong(c, fd))
		descriptors_add(c, fd);
	unpark(c, fd);
	if (*home && copies_are_away(c) && !c->seen.ktls)
		atomic_fetch_sub(&c->socket.away, 1);
	records_unref(c);
}

static bool came_from_here(int fd)
{
	struct ucred peer = {0};
	socklen_t size = sizeof peer;
	return !ownership_has_children() && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       peer.pid == process_id();
}

void copies_received(int fd, const struct msghdr *message, int flags)
{
	bool may_be_ours = atomic_load(&any_sent) || ownership_any_shared();
	if (!message->msg_controllen || !may_be_ours || !process_is_original())
		return;
	int saved = errno;
	bool home = !(flags & MSG_PEEK) && came_from_here(fd); /* after a peek the message is there still */
	each_descriptor(message, note_received, &home);
	errno = saved;
}

void copies_fetched(int fd)
{
	int saved = errno;
	bool home = false;
	if (atomic_load_explicit(&descriptors_any_tracked, memory_order_relaxed) && process_is_original())
		note_received(fd, &home);
	errno = saved;
}
