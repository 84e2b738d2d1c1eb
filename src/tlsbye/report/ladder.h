/* SPDX-License-Identifier: MIT */
/*
 * One connection drawn as a ladder: program | OpenSSL | kernel | peer.
 */
#ifndef TLSBYE_REPORT_LADDER_H
#define TLSBYE_REPORT_LADDER_H

#include <stdio.h>

#include "model.h"
#include "source.h"

/* width: columns of the terminal, 0 unknown. */
void ladder_print(FILE *out, const struct connection_story *story, struct source *source, bool color,
		  int width);

#endif
