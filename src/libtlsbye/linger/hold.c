/* SPDX-License-Identifier: MIT */
/* See hold.h. */
#include "linger/hold.h"

#include "events/probes.h"
#include "events/verdict.h"

#include <time.h>

/* What the program has met of the peer's end before stands, but for a reset: that is the last that can be heard. */
static void take_peer_end(struct event_end *end, const struct drain *drain)
{
	if (end->peer_end == PEER_UNKNOWN || drain->peer_end == PEER_RESET)
		end->peer_end = drain->peer_end;
	end->peer_notified |= drain->peer_notified;
}

const enum event_kind hold_events[HOLD_EVENTS] = {EVENT_HALF_CLOSE, EVENT_DRAIN, EVENT_END};

/* As events.c has them. A half-close that had to wait for the residue is traced with the rest: a drain knows no connection. */
static void trace(const struct hold *hold)
{
	const struct event_end *end = &hold->end;
	uint32_t number = hold->who.number;
	int fd = hold->who.fd;
	if (hold->drain.half_closed_by_us)
		PROBE(half_close, number, fd, event_names_by(BY_TLSBYE));
	PROBE(drain, number, fd, end->drained, end->drain_us, event_names_peer_end(end->peer_end));
	PROBE(end, number, fd, event_names_verdict(end->verdict), event_names_by(end->close_notify),
	      end->faults, end->bytes_read, end->bytes_written);
}

void hold_finish(struct hold *hold)
{
	const struct drain *drain = &hold->drain;
	struct event_end *end = &hold->end;
	end->lingered = true;
	end->half_closed |= drain->half_closed;
	end->drained = drain->drained;
	end->drain_us = drain->ended_us - drain->since_us;
	end->residue_left = residue_any(&drain->residue);
	end->left_unsent = drain->unsent;
	end->us = hold->tracked_us ? drain->ended_us - hold->tracked_us : 0;
	take_peer_end(end, drain);
	verdict_give(end, hold->who.transport);
	if (hold->tells)
		trace(hold);
}

void hold_stops_waiting(struct hold *hold)
{
	hold->drain.held_back = false;
	hold->drain.reads = true; /* what was left to a reader inside */
}

void hold_speaks(struct hold *hold, const struct hold_speech *speech, const void *bytes)
{
	struct event_end *end = &hold->end;
	end->why = speech->reason;
	if (speech->reason == MAY_SPEAK)
		end->close_notify = BY_TLSBYE;
	end->said_bytes += speech->said_bytes;
	end->completed_record |= speech->completed_record != 0;
	if (speech->residue_length)
		residue_keep(&hold->drain.residue, bytes, speech->residue_length);
	hold_stops_waiting(hold);
}

/* At which level it is told; LEVEL_OFF: never. */
static enum level level_of(const struct hold *hold, enum event_kind kind)
{
	switch (kind) {
	case EVENT_HALF_CLOSE:
		return hold->tracked_us && hold->drain.half_closed_by_us ? LEVEL_DEBUG : LEVEL_OFF;
	case EVENT_DRAIN:
		return hold->tracked_us ? LEVEL_DEBUG : LEVEL_OFF;
	case EVENT_END:
		return verdict_level(&hold->end);
	default:
		return LEVEL_OFF;
	}
}

static void add_facts(struct event *event, const struct hold *hold, const char *sites)
{
	if (event->kind == EVENT_HALF_CLOSE) {
		event->step.by = BY_TLSBYE;
	} else if (event->kind == EVENT_DRAIN) {
		event->drain = (struct event_drain){
			.bytes = hold->end.drained, .us = hold->end.drain_us, .ended_by = hold->end.peer_end};
	} else {
		event->end = hold->end;
		event->sites_json.bytes = sites;
		event->sites_json.length = sites ? hold->sites_length : 0;
	}
}

bool hold_render(const struct hold *hold, enum event_kind kind, const char *sites, struct text *line)
{
	struct event event = {.kind = kind, .level = level_of(hold, kind), .mode = hold->mode};
	if (!hold->tells || event.level == LEVEL_OFF || hold->mode == MODE_OFF || event.level > hold->level)
		return false;
	event.time_us = kernel_clock_us(CLOCK_REALTIME);
	event.program = hold->program;
	event.pid = hold->pid;
	event.who = hold->who;
	add_facts(&event, hold, sites);
	if (hold->format == FORMAT_JSON)
		event_json(line, &event);
	else
		event_text(line, &event);
	return true;
}
