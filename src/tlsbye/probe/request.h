/* SPDX-License-Identifier: MIT */
/* What the probe says to make the peer reply, and, being a server itself, replies: the words of each protocol. */
#ifndef TLSBYE_PROBE_REQUEST_H
#define TLSBYE_PROBE_REQUEST_H

#include "judge/script.h"
#include "plan.h"

/*
 * The request, allocated, into script->file. "last" asks the peer to end the connection behind its reply; else it is
 * asked for nothing but the reply, and the script's end_at is set to where the reply can be said to have come, or to
 * "reply_bytes", what it was the last time. NULL stands there only where memory ran out.
 */
void request_make(const struct plan *plan, bool last, uint64_t reply_bytes, struct script *script);

/* Is the reply one whose end HTTP tells? */
bool request_is_http(const struct plan *plan);

/* The reply of --listen, likewise; false: there is none before the client was understood. */
void request_make_reply(const struct plan *plan, struct script *script);

#endif
