/* SPDX-License-Identifier: MIT */
/*
 * A connection's story as steps between four lanes. The terminal's ladder and the page's are drawings of the same
 * steps: who does what is decided here, where it is put is decided there.
 *
 * The log of a connection may hold nothing but its end (LOG_LEVEL=info), which says what was called but not when. So
 * steps stand in the order in which they must have happened, and only those that have an event of their own have a
 * time.
 */
#ifndef TLSBYE_REPORT_STEPS_H
#define TLSBYE_REPORT_STEPS_H

#include "model.h"
#include "source.h"

enum lane { LANE_PROGRAM, LANE_OPENSSL, LANE_KERNEL, LANE_PEER, LANES };
extern const char *const steps_lane_names[LANES];

enum tone {
	TONE_PLAIN,
	TONE_GOOD,    /* a part of a goodbye: ours, or what ours would have been */
	TONE_MISSING, /* something that should have been done was not */
	TONE_LOST     /* it destroys data, or tells that data was destroyed */
};

enum { STEP_NOTES = 4 };

struct step {
	double ms;          /* since the connection began; negative: not known */
	enum lane from, to; /* the same: it happens, or fails to, in one place */
	bool both_ways;
	bool would; /* only observed: the cure would have done it */
	enum tone tone;
	char *label;             /* "SSL_free()" */
	char *notes[STEP_NOTES]; /* "server.c:67, in serve()"; NULL where there are fewer */
	double order;            /* ms, or where a step without a time belongs */
	size_t sequence;         /* the order of those that belong to the same moment */
};

struct steps {
	struct step *list;
	size_t count;
	double begin; /* seconds since the epoch */
	char *who;    /* "legacy-server[1234], server, fd 5, 127.0.0.1:443 - 127.0.0.1:51234" */
	char *words;  /* the verdict in sentences */
	enum tone tone;
	bool observed;
	bool only_end; /* the log has no other event of it */
};

/* NULL: no memory. */
struct steps *steps_of(const struct connection_story *story, struct source *source);
void steps_free(struct steps *steps);

#endif
