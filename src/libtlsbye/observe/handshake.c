/* SPDX-License-Identifier: MIT */
/* See handshake.h. */
#include "observe/handshake.h"

#include "events/events.h"
#include "observe/filters.h"

#include <errno.h>

static bool kernel_has(const struct connection *c, BIO *bio, int direction)
{
	return bio && c->lib->BIO_ctrl(bio, direction, 0, NULL) > 0;
}

/* Seldom, and to ask each BIO takes time: so first whether it may be. What was on stays on, whatever the options say later. */
bool handshake_kernel_sends(struct connection *c, SSL *ssl)
{
	if (!c->seen.ktls && !(openssl_options(c->lib, ssl) & SSL_OP_ENABLE_KTLS))
		return false;
	bool sends = kernel_has(c, c->lib->SSL_get_wbio(ssl), BIO_CTRL_GET_KTLS_SEND);
	c->seen.ktls = sends || kernel_has(c, c->lib->SSL_get_rbio(ssl), BIO_CTRL_GET_KTLS_RECV);
	return sends;
}

void handshake_note_manners(struct connection *c, SSL *ssl)
{
	BIO *below = c->lib->SSL_get_wbio(ssl);
	handshake_kernel_sends(c, ssl);
	c->seen.quiet = c->lib->SSL_get_quiet_shutdown(ssl) != 0;
	c->seen.filtered =
		below && !c->socket.own_bio && !c->socket.datagram && filters_in_the_way(c->lib, below);
}

void handshake_look_closer(struct connection *c)
{
	int saved = errno;
	SSL *ssl = atomic_load(&c->ssl);
	if (!ssl || c->seen.hands_off) { /* nothing is ours, or it stands for all that cannot be tracked */
		claim_unmark(&c->claim, CLAIM_SHAKING);
		return;
	}
	if (!c->lib->SSL_in_before(ssl)) /* before, nobody knows which side it will be */
		c->seen.role = c->lib->SSL_is_server(ssl) ? ROLE_SERVER : ROLE_CLIENT;
	/* A reader and a writer may both come by: one of them tells. */
	if (c->lib->SSL_is_init_finished(ssl) && claim_unmark(&c->claim, CLAIM_SHAKING) & CLAIM_SHAKING) {
		c->seen.handshaken = true;
		handshake_note_manners(c, ssl);
		events_handshake(c, ssl);
	}
	errno = saved;
}
