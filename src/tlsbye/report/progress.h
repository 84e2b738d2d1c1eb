/* SPDX-License-Identifier: MIT */
/*
 * A bar on stderr, for somebody who waits at a terminal for a large log. Silent otherwise.
 */
#ifndef TLSBYE_REPORT_PROGRESS_H
#define TLSBYE_REPORT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct progress {
	uint64_t total; /* bytes; 0: nobody knows (a pipe) */
	uint64_t done;
	bool shown;
	bool wanted; /* stderr is a terminal */
	struct timespec begin, last;
};

void progress_begin(struct progress *progress, uint64_t total);
void progress_add(struct progress *progress, uint64_t bytes);
void progress_end(struct progress *progress); /* takes the bar away */

#endif
