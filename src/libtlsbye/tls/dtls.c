/* SPDX-License-Identifier: MIT */
/*
 * See datagram.h. The peer of an unconnected socket is asked of the program's own BIO (BIO_CTRL_DGRAM_GET_PEER): it
 * follows whoever sent the last datagram, or what the program has set.
 */
#include "tls/dtls.h"

#include <errno.h>
#include <string.h>
#include <sys/time.h>

bool dtls_flight_under_way(const struct connection *c, SSL *ssl)
{
	struct timeval left;
	return c->lib->SSL_ctrl(ssl, DTLS_CTRL_GET_TIMEOUT, 0, &left) ==
	       1; /* only asks: no timer is touched */
}

static socklen_t address_size(const struct sockaddr_storage *address)
{
	switch (address->ss_family) {
	case AF_INET:
		return sizeof(struct sockaddr_in);
	case AF_INET6:
		return sizeof(struct sockaddr_in6);
	default:
		return 0;
	}
}

static void note_peer(struct connection *c, const struct sockaddr_storage *address)
{
	if (c->socket.peer.family == AF_UNSPEC)
		memcpy(&c->socket.peer, address, sizeof c->socket.peer);
}

bool dtls_find_peer(struct connection *c, SSL *ssl, int hold, struct destination *to)
{
	socklen_t size = sizeof to->address;
	*to = (struct destination){0};
	if (getpeername(hold, (struct sockaddr *)&to->address, &size) == 0)
		return true;
	memset(&to->address, 0, sizeof to->address);
	c->lib->BIO_ctrl(c->lib->SSL_get_wbio(ssl), BIO_CTRL_DGRAM_GET_PEER, sizeof to->address,
			 &to->address);
	to->size = address_size(&to->address);
	if (to->size)
		note_peer(c, &to->address);
	return to->size != 0;
}

enum reason dtls_send(int hold, const struct destination *to, const void *record, size_t length)
{
	const struct sockaddr *where = to->size ? (const struct sockaddr *)&to->address : NULL;
	unsigned interruptions = 0;
	ssize_t n;
	do
		n = real.sendto(hold, record, length, MSG_DONTWAIT | MSG_NOSIGNAL, where, to->size);
	while (n < 0 && errno == EINTR && interruptions++ < KERNEL_INTERRUPTIONS);
	if (n >= 0)
		return MAY_SPEAK;
	if (errno == EINTR)
		return INTERRUPTED;
	return errno == EAGAIN || errno == ENOBUFS ? NO_ROOM : UNHEARD;
}
