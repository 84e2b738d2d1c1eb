/* SPDX-License-Identifier: MIT */
/*
 * Among the files that make steps (steps.h): who makes which.
 */
#ifndef TLSBYE_REPORT_STEPS_MAKE_H
#define TLSBYE_REPORT_STEPS_MAKE_H

#include "step.h"

/* All events but the end, in their own order. */
void steps_events_make(struct making *m);
/* The letting go. story->end is there. */
void steps_end_make(struct making *m);
/* steps->words and steps->tone. */
void steps_verdict_make(struct making *m);

#endif
