/* SPDX-License-Identifier: MIT */
/*
 * When is the handshake over? Most programs ask for it (SSL_connect, SSL_accept); others just read or write, and it happens
 * within one of these calls, perhaps not in the first. Until it has been seen, a mark in the claim (CLAIM_SHAKING) sends each
 * call the slow way, where it is looked for; the fast way knows nothing of it.
 *
 * Rules: inside, or with the claim. errno and the error queue stay; nothing of the SSL is changed.
 */
#ifndef TLSBYE_HANDSHAKE_H
#define TLSBYE_HANDSHAKE_H

#include "connection/connection.h"

/* Asks OpenSSL. */
void handshake_look_closer(struct connection *c);

/* The same where it has not been seen yet: for whoever came the slow way. */
static inline void handshake_look(struct connection *c)
{
	if (__builtin_expect(claim_is_marked(&c->claim, CLAIM_SHAKING), false))
		handshake_look_closer(c);
}

/* Is it the kernel that makes records out of what is written to the socket? Bytes of ours would be encrypted twice. Notes it, for either direction. */
bool handshake_kernel_sends(struct connection *c, SSL *ssl);

/*
 * What may keep a close_notify back is remembered for those who may not ask the SSL: at the end of the handshake, and again
 * whenever the program has called SSL_shutdown.
 */
void handshake_note_manners(struct connection *c, SSL *ssl);

#endif
