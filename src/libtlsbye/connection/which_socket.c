/* SPDX-License-Identifier: MIT */
/* See which_socket.h. */
#include "connection/which_socket.h"

#include "connection/descriptors.h"
#include "connection/records.h"
#include "connection/socket.h"

#include <errno.h>

/* DTLS is known over UDP by OpenSSL's own BIO only, which knows the peer: not over SCTP, not over a program's BIO. */
static bool is_ours(const struct connection *c, SSL *ssl, int fd)
{
	if (c->seen.hands_off || !c->socket.datagram)
		return !c->seen.hands_off;
	return socket_is_of_type(fd, SOCK_DGRAM) &&
	       c->lib->BIO_method_type(c->lib->SSL_get_wbio(ssl)) == BIO_TYPE_DGRAM;
}

static _Atomic bool any;

bool which_socket_any(void)
{
	return atomic_load(&any);
}

void which_socket_child_after_fork(void)
{
	atomic_store(&any, false);
}

static void adopt_socket(struct connection *c, int fd, uint64_t cookie)
{
	if (!which_socket_any())
		atomic_store(&any, true);
	c->socket.cookie = cookie;
	c->socket.is_unix = false;
	atomic_store(&c->socket.addresses, ADDRESSES_UNKNOWN);
	c->queues.no_abort_at = 0;
	c->socket.first_fd = fd;
	c->socket.tracked_us = 0; /* told of anew (events_tracked) */
	descriptors_adopt_duplicates(c, fd);
	atomic_store(&c->socket.fd, fd);
	descriptors_add(c, fd);
}

/* The SSL moved on to another socket without SSL_clear: the old one is passed through. */
static void forget_socket(struct connection *c)
{
	int fd = atomic_load(&c->socket.fd);
	bool alone;
	if (descriptors_belong(c, fd) && descriptors_take(fd, &alone)) {
		descriptors_taken(fd);
		records_unref(c);
	}
	atomic_store(&c->socket.fd, -1);
}

/* Where the SSL speaks over another socket than before, that one is forgotten. */
static void settle_on_socket(struct connection *c, int fd, uint64_t cookie)
{
	if (atomic_load(&c->socket.fd) >= 0 && c->socket.cookie != cookie)
		forget_socket(c);
	if (atomic_load(&c->socket.fd) < 0)
		adopt_socket(c, fd, cookie);
}

void which_socket_learnt(struct connection *c, int fd)
{
	uint64_t cookie;
	if (!socket_cookie(fd, &cookie) || !(claim_unmark(&c->claim, CLAIM_LEARNING) & CLAIM_LEARNING))
		return;
	c->socket.own_bio = true;
	settle_on_socket(c, fd, cookie);
	if (!descriptors_belong(c, fd))
		descriptors_add(c, fd);
}

int which_socket_read_fd(const struct connection *c, const SSL *ssl)
{
	return c->lib->SSL_get_rbio(ssl) ? c->lib->SSL_get_rfd(ssl) : -1;
}

int which_socket_write_fd(const struct connection *c, const SSL *ssl)
{
	return c->lib->SSL_get_wbio(ssl) ? c->lib->SSL_get_wfd(ssl) : -1;
}

void which_socket_learn(struct connection *c, SSL *ssl, int write_fd)
{
	int saved = errno;
	bool one_bio = c->lib->SSL_get_rbio(ssl) == c->lib->SSL_get_wbio(ssl);
	int fd = c->socket.datagram || one_bio
			 ? write_fd
			 : which_socket_read_fd(c, ssl); /* servers sort datagrams before they read them */
	uint64_t cookie, write_cookie;
	bool one_socket =
		fd >= 0 && write_fd >= 0 && socket_cookie(fd, &cookie) &&
		(write_fd == fd || (socket_cookie(write_fd, &write_cookie) && write_cookie == cookie));
	if (one_socket && is_ours(c, ssl, fd)) {
		settle_on_socket(c, fd, cookie);
		c->socket.own_bio = false;
		if (claim_is_marked(&c->claim, CLAIM_LEARNING))
			claim_unmark(&c->claim, CLAIM_LEARNING);
		if (write_fd != fd && !descriptors_belong(c, write_fd))
			descriptors_add(c, write_fd);
	} else {
		/* One that was learnt stays until another is: a program may put its own BIO in once more. */
		if (atomic_load(&c->socket.fd) >= 0 && (fd < 0) != c->socket.own_bio)
			forget_socket(c); /* it moved to a BIO that is no socket, or is a pipe */
		if (fd < 0 && write_fd < 0 && !c->seen.hands_off && !c->socket.datagram) {
			c->learning.patience = LEARN_PATIENCE;
			claim_mark(&c->claim, CLAIM_LEARNING);
		}
	}
	errno = saved;
}

void which_socket_addresses(struct connection *c, int fd)
{
	enum addresses now = ADDRESSES_UNKNOWN;
	if (fd < 0 || !atomic_compare_exchange_strong(&c->socket.addresses, &now, ADDRESSES_ASKED_FOR))
		return;
	endpoint_ask(&c->socket.local, fd, false);
	endpoint_ask(&c->socket.peer, fd, true);
	c->socket.is_unix = c->socket.local.family == AF_UNIX;
	atomic_store(&c->socket.addresses, ADDRESSES_KNOWN);
}
