/* SPDX-License-Identifier: MIT */
/*
 * What a connection's end comes to: what the program did wrong, whether it was made good, and what is known of the data
 * that this side wrote. Nothing is claimed that was not seen: where in doubt, "unknown".
 *
 * Rules: pure logic on the facts in struct event_end; no system call. Async-signal-safe.
 */
#ifndef TLSBYE_VERDICT_H
#define TLSBYE_VERDICT_H

#include "events/event.h"

/* Fills in will_reset, faults, verdict, data and lost_bytes, from the facts that stand in the event already. */
void verdict_give(struct event_end *end, enum transport transport);

/* After it: info, or debug where the program left nothing to be mended, and nothing to be told. */
enum level verdict_level(const struct event_end *end);

#endif
