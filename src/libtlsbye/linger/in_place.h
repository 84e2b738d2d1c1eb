/* SPDX-License-Identifier: MIT */
/*
 * The last way, where there is neither a hub nor a task: the drain on the program's own thread and descriptor, as far as
 * one short time for the whole allows (P2).
 *
 * Rules: async-signal-safe; keeps errno; no cancellation point. The descriptor stays the caller's, who closes it.
 */
#ifndef TLSBYE_IN_PLACE_H
#define TLSBYE_IN_PLACE_H

#include "linger/hold.h"

/* Within so long, whatever poll() says: residue, half-close, discard, and hold_finish. */
void in_place_drain(struct hold *hold, int fd, unsigned within_ms);

#endif
