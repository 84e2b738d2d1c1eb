/* SPDX-License-Identifier: MIT */
/*
 * One connection drawn as a ladder: program | OpenSSL | kernel | peer.
 */
#ifndef TLSBYE_REPORT_LADDER_H
#define TLSBYE_REPORT_LADDER_H

#include <stdbool.h>
#include <stdio.h>

#include "model.h"
#include "source.h"

/* width: columns of the terminal; 0: not known, and COLUMNS or 80 is taken. */
void ladder_print(FILE *out, const struct connection_story *story, struct source *source, bool color,
		  int width);
/* The same under another name than its id. */
void ladder_print_as(FILE *out, const struct connection_story *story, const char *name, struct source *source,
		     bool color, int width);

/*
 * What --connection says: an id, and with #2 behind it the second connection that had it (a pid is used again, or logs
 * of several machines meet). The id alone, for the model; NULL: no memory.
 */
char *ladder_chosen_id(const char *asked);

/* The ladders of report->chosen that were asked for. False where there is none: that is said on stderr. */
bool ladder_chosen_print(FILE *out, const struct report *report, const char *asked, struct source *source,
			 bool color, int width);

/* There is no such connection: says so on stderr, and which there are. */
void ladder_chosen_unknown(const struct report *report, const char *id);

#endif
