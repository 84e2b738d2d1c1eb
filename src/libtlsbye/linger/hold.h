/* SPDX-License-Identifier: MIT */
/*
 * A hold: what is handed over with a socket, whichever way it goes (hub, clone, in place): how far its drain has come, the
 * event of its end as far as it is known, and how that is to be told. Plain data, no pointers that matter: it travels.
 *
 * After it, in memory and in a message alike: the bytes of the residue, then those of the call sites, rendered.
 *
 * Rules: async-signal-safe. Whoever ends the drain calls hold_finish, and renders and writes each line that is wanted.
 */
#ifndef TLSBYE_HOLD_H
#define TLSBYE_HOLD_H

#include "events/event.h"
#include "linger/drain.h"

/* With sites of this size the longest end still fits into a line (LINE_MAX_BYTES): check_hold. */
enum { HOLD_SITES_MAX = 2432 };

struct hold {
	uint64_t id;     /* of the connection in its process: together with pid, of the hold */
	int32_t pid;     /* as the process sees itself: for the event */
	uint32_t number; /* how many its process may have at once (LINGER_SOCKETS) */
	char program[EVENT_PROGRAM_MAX];
	enum mode mode;
	enum level level; /* which events are wanted */
	enum log_format format;
	bool tells;     /* its events are still to be told */
	bool to_stderr; /* by the descriptor that travels with it; else to the log file */
	bool follows;   /* close_notify may follow (drain.held_back), for so long: */
	uint32_t follows_ms;
	uint64_t tracked_us; /* when the connection began, or 0 */
	struct event_who who;
	struct event_end end;
	struct drain drain;
	uint32_t residue_length, sites_length; /* of what comes after */
};

/* What followed a hold: close_notify, or why there is none (message.h: SPOKEN). */
struct hold_speech {
	uint64_t id; /* of the hold */
	int32_t pid;
	uint32_t reason;     /* enum reason: MAY_SPEAK where close_notify is in the bytes, or was sent */
	uint32_t said_bytes; /* of ours, in all */
	uint32_t completed_record;
	uint32_t residue_length; /* so many bytes go with it */
};

/* Nothing is held back any more. */
void hold_speaks(struct hold *hold, const struct hold_speech *speech, const void *bytes);
void hold_stops_waiting(struct hold *hold);

/* The events that it may have to tell, in this order. */
enum { HOLD_EVENTS = 3 };
extern const enum event_kind hold_events[HOLD_EVENTS] INTERNAL;

/* The drain is over: its outcome becomes the event's, and the verdict is given. */
void hold_finish(struct hold *hold);

/*
 * Renders an event of it into the line: EVENT_HALF_CLOSE, at any time after it; EVENT_DRAIN and EVENT_END, after
 * hold_finish. False: this one is not wanted, or not to be told. `sites`: the rendered call sites (sites_length bytes).
 */
bool hold_render(const struct hold *hold, enum event_kind kind, const char *sites, struct text *line);

#endif
