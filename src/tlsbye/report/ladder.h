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

/* width: columns of the terminal, 0 unknown. */
void ladder_print(FILE *out, const struct connection_story *story, struct source *source, bool color,
		  int width);

/* There is no such connection: says so on stderr, and which ones there are. */
void ladder_unknown(const struct report *report, const char *id);

#endif
