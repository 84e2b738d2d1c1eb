/* SPDX-License-Identifier: MIT */
/*
 * See learn_socket.h. Calls nest: a callback may call SSL_* for another connection, so the one that is sought further out is
 * remembered in the record of the inner one.
 *
 * An SSL_* call may never return (longjmp, a cancelled thread), or leave the stack for a while (coroutines): then
 * learn_socket_sought is wrong, and would be so for ever. So the place of the call on the stack is kept as well: I/O counts only
 * where it happens a little deeper on the same stack, and elsewhere it puts an end to the looking.
 */
#include "observe/learn_socket.h"

#include "connection/descriptors.h"
#include "connection/records.h"
#include "connection/socket.h"
#include "connection/which_socket.h"
#include "events/events.h"
#include "sys/process.h"

#include <errno.h>

enum { STACK_BELOW = 256 * 1024 };

/*
 * Nobody looks for ever. A call without any I/O is a sign of memory BIOs; one whose I/O showed no record (EAGAIN, a
 * callback's) hardly is. Paid on the way in, and given back at the first I/O: not every call comes out here.
 */
enum { COST_OF_A_CALL = 1, COST_OF_SILENCE = LEARN_PATIENCE / 32 };

enum { RECORD_HEADER = 5, RECORD_MAX = (1 << 14) + 2048 };

_Thread_local struct connection *learn_socket_sought;

static uintptr_t stack_here(void)
{
	return (uintptr_t)__builtin_frame_address(0);
}

/* Is this thread still in the call that seeks the connection's socket? */
static bool within_call(const struct connection *c)
{
	return c->learning.stack - stack_here() < STACK_BELOW;
}

void learn_socket_enter(struct connection *c)
{
	struct connection *further_out =
		learn_socket_sought && within_call(learn_socket_sought) ? learn_socket_sought : NULL;
	if (further_out == c || !claim_is_marked(&c->claim, CLAIM_LEARNING))
		return;
	if (c->learning.patience < COST_OF_SILENCE) {
		claim_unmark(&c->claim, CLAIM_LEARNING); /* out_of_reach.c tells of it, in the end */
		return;
	}
	c->learning.patience -= COST_OF_SILENCE;
	c->learning.did_io = false;
	c->learning.within = further_out;
	c->learning.stack = stack_here();
	learn_socket_sought = c;
}

bool learn_socket_leave(struct connection *c)
{
	if (learn_socket_sought != c)
		return false;
	learn_socket_sought = c->learning.within;
	return !claim_is_marked(&c->claim, CLAIM_LEARNING) && c->socket.own_bio;
}

/* RFC 8446, 5.1: a content type, 3 and a minor version, a length. */
static bool begins_record(const unsigned char *bytes)
{
	size_t length = (size_t)bytes[3] << 8 | bytes[4];
	return bytes[0] >= 20 && bytes[0] <= 24 && bytes[1] == 3 && bytes[2] <= 4 && length > 0 &&
	       length <= RECORD_MAX;
}

/* A callback may talk TLS to somebody else. */
static bool is_another_connections(const struct connection *c, int fd)
{
	struct connection *owner = descriptors_ref_connection(fd);
	if (!owner)
		return false;
	bool anothers = owner != c && atomic_load(&owner->ssl) && socket_is_of(owner, fd);
	records_unref(owner);
	return anothers;
}

/* Only a stream socket has surely read or filled the memory: /dev/null takes whatever it is given, unread. */
static void look(struct connection *c, int fd, const unsigned char *bytes)
{
	if (!c->learning.did_io)
		c->learning.patience += COST_OF_SILENCE - COST_OF_A_CALL;
	c->learning.did_io = true;
	if (bytes && socket_is_stream(fd) && begins_record(bytes) && !is_another_connections(c, fd))
		which_socket_learnt(c, fd);
	events_tracked(c);
}

ssize_t learn_socket_seen(int fd, const void *bytes, ssize_t n)
{
	struct connection *c = learn_socket_sought;
	int saved = errno;
	if (!c) /* it was looked at for another reason */
		return n;
	bool within = within_call(c);
	bool telling = within && claim_is_marked(&c->claim, CLAIM_LEARNING);
	/* A vfork child would write into its parent's memory. */
	if ((!within || telling) && process_is_original()) {
		if (telling)
			look(c, fd, n >= RECORD_HEADER ? bytes : NULL);
		else
			learn_socket_sought = NULL;
	}
	errno = saved;
	return n;
}

/* A header that is spread over several parts is not looked for. */
ssize_t learn_socket_seen_parts(int fd, const struct iovec *parts, size_t count, ssize_t n)
{
	bool enough = n > 0 && count && parts[0].iov_len >= RECORD_HEADER;
	return learn_socket_seen(fd, enough ? parts[0].iov_base : NULL, n);
}

ssize_t learn_socket_seen_message(int fd, const struct msghdr *message, int flags, ssize_t n)
{
	if (n <= 0 || flags & MSG_TRUNC)
		return learn_socket_seen(fd, NULL, n);
	return learn_socket_seen_parts(fd, message->msg_iov, message->msg_iovlen, n);
}

void learn_socket_child_after_fork(void)
{
	learn_socket_sought = NULL;
}
