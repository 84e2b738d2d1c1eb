/* SPDX-License-Identifier: MIT */
/*
 * How often each of a few names was seen; what is beyond the room for names goes to "others".
 */
#ifndef TLSBYE_REPORT_TALLY_H
#define TLSBYE_REPORT_TALLY_H

#include "model.h"

enum { TALLY_NAMES = 64 };

struct tally {
	struct count counts[TALLY_NAMES + 1];
	size_t used;
};

void tally_add(struct tally *tally, const char *name, uint64_t times);
void tally_sort(struct tally *tally); /* most first */
void tally_free(struct tally *tally);

void tally_times_add(struct times *times, int64_t us);

#endif
