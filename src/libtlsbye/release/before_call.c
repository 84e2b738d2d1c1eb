/* SPDX-License-Identifier: MIT */
/* See before_call.h. */
#include "release/before_call.h"

#include "connection/descriptors.h"
#include "connection/ownership.h"
#include "connection/records.h"
#include "connection/ssl_table.h"
#include "connection/which_socket.h"
#include "events/events.h"
#include "observe/end_of_stream.h"
#include "observe/learn_socket.h"
#include "release/first_connection.h"
#include "release/follow.h"
#include "release/release.h"
#include "release/tls_word.h"
#include "sys/in_handler.h"
#include "sys/kernel.h"
#include "sys/settings.h"

/* Counted in, nobody could say what still follows: so that comes first. */
static struct connection *enter(SSL *ssl, void *caller)
{
	uint32_t marks;
	struct connection *c = ssl_table_enter(ssl, caller, &marks);
	if (marks & CLAIM_FOLLOWS) {
		claim_leave(&c->claim);
		follow_speak(c);
		claim_enter(&c->claim);
	}
	if (marks & CLAIM_FORKED) {
		ownership_look(c);
		tls_word_say();
	}
	return c;
}

struct connection *before_call(SSL *ssl, void *caller)
{
	struct connection *c = ssl_table_enter_unless(ssl, CLAIM_SPEAKING | CLAIM_FORKED | CLAIM_FOLLOWS);
	return c ? c : enter(ssl, caller);
}

struct connection *before_call_io(SSL *ssl, void *caller)
{
	struct connection *c = before_call(ssl, caller);
	if (!claim_is_marked(&c->claim, CLAIM_NEW | CLAIM_LEARNING))
		return c;
	if (claim_unmark(&c->claim, CLAIM_NEW) & CLAIM_NEW)
		before_call_introduce(c, ssl);
	learn_socket_enter(c);
	return c;
}

struct connection *before_call_handshake(SSL *ssl, struct call call)
{
	struct connection *c = before_call_io(ssl, call.from);
	if (!c->seen.handshake.from && atomic_load(&c->ssl))
		c->seen.handshake = call;
	return c;
}

/* The SSL before this one on the same socket: it was freed, and what it still had to say comes first. */
static void end_predecessor(struct connection *before, int fd)
{
	if (!before->released.superseded || atomic_load(&before->ssl))
		return;
	if (release_is_curing() && !before->socket.datagram)
		residue_send(&before->released.residue, fd, &kernel_libc);
	events_end(before);
}

void before_call_introduce(struct connection *c, SSL *ssl)
{
	c->seen.spoken = true;
	first_connection_begins();
	tls_word_say();
	in_handler_learn_thread();
	if (settings->mode == MODE_OFF)
		return;
	call_sites_refresh();
	if (release_is_curing())
		end_of_stream_ignore(c, ssl);
	int write_fd = which_socket_write_fd(c, ssl);
	struct connection *before = descriptors_ref_connection(write_fd);
	which_socket_learn(c, ssl, write_fd);
	events_tracked(c);
	if (before) {
		end_predecessor(before, atomic_load(&c->socket.fd));
		records_unref(before);
	}
}
