/* SPDX-License-Identifier: MIT */
/*
 * DTLS: close_notify and no more. A datagram socket has no FIN and nothing to drain, and one of them may carry many
 * SSLs, each with a peer of its own: which peer is meant is known by the SSL's BIO alone, unless the socket is connected.
 *
 * Rules: called with the claim held, as close_notify.c is. dtls_send is async-signal-safe.
 */
#ifndef TLSBYE_DTLS_H
#define TLSBYE_DTLS_H

#include "connection/connection.h"

/* Where a datagram goes. size 0: to where the socket is connected. */
struct destination {
	struct sockaddr_storage address;
	socklen_t size;
};

/* Is a flight of the handshake still being repeated (RFC 6347, 4.2.4)? Then it is not complete for the peer. */
bool dtls_flight_under_way(const struct connection *c, SSL *ssl);

/* Where the program's BIO would send to. False where nobody can tell. Learns c->socket.peer for the event, too. */
bool dtls_find_peer(struct connection *c, SSL *ssl, int hold, struct destination *to);

/* One record, one datagram: sent or not, there is no half. MAY_SPEAK, or why it was not sent. */
enum reason dtls_send(int hold, const struct destination *to, const void *record, size_t length);

#endif
