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

/*
 * name: how the connection is called in the heading, "1234.1#2" where there are several of that id. width: columns of
 * the terminal, 0 unknown.
 */
void ladder_print(FILE *out, const struct connection_story *story, const char *name, struct source *source,
		  bool color, int width);

/*
 * What --connection says: an id, and with #2 behind it the second connection that had it (a pid is used again, or logs
 * of several machines meet). The id alone, for the model; NULL: no memory.
 */
char *ladder_id(const char *asked);

/* The ladders of report->chosen that were asked for. False where there is none: that is said on stderr. */
bool ladder_print_chosen(FILE *out, const struct report *report, const char *asked, struct source *source,
			 bool color, int width);

#endif
