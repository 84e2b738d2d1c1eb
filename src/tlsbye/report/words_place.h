/* SPDX-License-Identifier: MIT */
/*
 * A place in a source in words: short, as the ladders and the page have it. Each is for free(); NULL: no memory.
 */
#ifndef TLSBYE_REPORT_WORDS_PLACE_H
#define TLSBYE_REPORT_WORDS_PLACE_H

#include "record.h"
#include "source.h"

/* "server.c:67, in serve()"; where the source is not known, the object and the offset in it. */
char *words_place_of_frame(const struct frame *frame, struct source *source);
/* The same of the innermost frame; NULL for no site. */
char *words_place(const struct site *site, struct source *source);

#endif
