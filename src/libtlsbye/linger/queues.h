/* SPDX-License-Identifier: MIT */
/*
 * What the kernel has of a connection, as long as the program's descriptor is open: looked at before the last close.
 *
 * Rules: async-signal-safe; nothing is changed.
 */
#ifndef TLSBYE_QUEUES_H
#define TLSBYE_QUEUES_H

#include "connection/connection.h"

/* Fills in c->queues. */
void queues_measure(struct connection *c, int fd);

/* May the peer still send, or is there something of its that was not read? Not, where that cannot be known. */
bool queues_peer_is_open(const struct connection *c, int fd);

/* Was it reset, or ended by both? Nothing can be sent any more. */
bool queues_is_over(const struct connection *c, int fd);

/*
 * Of what was measured: is a plain close() all that is left to do? Nothing is unread, and nothing can come any more that the
 * kernel would answer with a reset.
 */
static inline bool queues_close_is_enough(const struct queues *queues)
{
	return queues->measured && !queues->unread && (queues->over || queues->peer_has_ended);
}

/*
 * The same by one call, which says no more: has the peer ended, in good order, and was everything read? Then c->queues and
 * c->released.peer_end say so.
 */
bool queues_is_at_end(struct connection *c, int fd);

/* Where that is so: c->released.peer_end, as a drain would have met it. A reset is told by the kernel once: to whoever asks. */
void queues_note_end(struct connection *c, int fd);

#endif
