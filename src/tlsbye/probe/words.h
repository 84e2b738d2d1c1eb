/* SPDX-License-Identifier: MIT */
/* The findings for people: a question and its answer a line, and one line for the whole. */
#ifndef TLSBYE_PROBE_WORDS_H
#define TLSBYE_PROBE_WORDS_H

#include <stdio.h>

#include "findings.h"

/* The last line of both kinds begins with one of these words: clean, not clean, not known. */
void words_of_server(const struct plan *plan, const struct trials *trials, const struct findings *findings);

/* One client's line; false: its end was not seen. */
void words_of_client(const struct trial *client, const struct peer *peer, const struct delivery *delivery,
		     const bool faults[FAULTS]);

/* "not clean: FAULT; FAULT" or "clean"; unknown: what kept us from knowing, or NULL. */
void words_overall(const bool faults[FAULTS], const char *unknown);

#endif
