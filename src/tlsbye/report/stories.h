/* SPDX-License-Identifier: MIT */
/*
 * Connections whose events are kept.
 */
#ifndef TLSBYE_REPORT_STORIES_H
#define TLSBYE_REPORT_STORIES_H

#include "model.h"

/* Events in the order of time, as many as fit into limit. */
struct events {
	struct record **records;
	size_t count, room, limit;
	uint64_t left_out;
};

void stories_events_add(struct events *events, const struct record *record); /* a copy */
void stories_events_free(struct events *events);

/*
 * The events of one id, program by program, as one story for each connection: an id is used again when its pid is. The
 * stories point into events. NULL when there is no memory; freed by the caller, in one.
 */
struct connection_story *stories_of(const struct events *events, size_t *count);

/* Fill in the story of these records, which are in order. */
void stories_tell(struct connection_story *story, struct record *const *records, size_t count);

#endif
