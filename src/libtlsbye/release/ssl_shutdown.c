/* SPDX-License-Identifier: MIT */
/* See ssl_shutdown.h. */
#include "release/ssl_shutdown.h"

#include "observe/end_of_stream.h"
#include "release/release.h"
#include "sys/clock.h"
#include "sys/settings.h"

int ssl_shutdown_read_the_rest(struct connection *c, SSL *ssl)
{
	char junk[4096];
	uint64_t until = clock_us() + settings->linger_total_ms * 1000;
	int n = 1;
	if (!release_is_curing() || c->seen.hands_off || c->released.notify != NOTIFY_SENT ||
	    c->lib->SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN)
		return 1;
	if (!c->seen.called_shutdown) /* we said it on an earlier close path; the real call would wait for the peer */
		return 0;
	if (c->socket.datagram ||
	    atomic_load(&c->socket.fd) <
		    0) /* memory BIOs, or closed: no release of ours can come of it (P5) */
		return 1;
	while (n > 0 && c->seen.never_read < settings->linger_bytes && clock_us() < until) {
		n = c->lib->SSL_read(ssl, junk, sizeof junk);
		if (n > 0)
			c->seen.never_read += (uint64_t)n;
	}
	end_of_stream_seen_after_notify(c, ssl);
	return n > 0 || c->lib->SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN ? 1 : -1;
}
