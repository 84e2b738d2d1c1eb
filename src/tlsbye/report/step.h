/* SPDX-License-Identifier: MIT */
/*
 * Among the files that make steps (steps.h): what is being made, and how a step is added.
 */
#ifndef TLSBYE_REPORT_STEP_H
#define TLSBYE_REPORT_STEP_H

#include "steps.h"

struct making {
	const struct connection_story *story;
	struct source *source;
	struct steps *steps;
	double moment; /* of the steps that are added: ms */
	bool timed;    /* is it their time, or only where they belong? */
	bool no_memory;

	/* What events of their own have told, so that the end does not tell it again; their moments, or negative. */
	double notify_at, half_close_at;
	bool program_notified, notified, half_closed, program_half_closed, drained;
	bool failed, peer_told,
		peer_reset; /* a call for good; how the peer's TCP stood then; and it was a RST */
};

/* Never NULL: without memory it is a spare one that nobody sees. Valid until the next is added. */
struct step *step_add(struct making *m, enum lane from, enum lane to, enum tone tone);
void step_label(struct making *m, struct step *step, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void step_note(struct making *m, struct step *step, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void step_place(struct making *m, struct step *step,
		const struct site *site); /* a note: where in the source */

static inline double ms_of(const struct making *m, double time)
{
	return (time - m->steps->begin) * 1e3;
}

#endif
