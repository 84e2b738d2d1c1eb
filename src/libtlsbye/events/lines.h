/* SPDX-License-Identifier: MIT */
/*
 * The bytes that a line is put together in. Four kilobytes are too many for the stack of close() in a signal handler,
 * whose alternate stack may be hardly more; and nothing may be allocated there.
 *
 * So there are a few buffers, each claimed by one atomic exchange. Where all are taken (many threads at once, or a fork
 * that caught another thread with one: the child's copy stays taken), the kernel is asked for a page.
 *
 * Rules: async-signal-safe. A line is held for the microseconds of one write; whoever holds it is not cancelled.
 */
#ifndef TLSBYE_LINES_H
#define TLSBYE_LINES_H

#include "sys/text.h"

/* An empty line of LINE_MAX_BYTES. False: there is none, not even from the kernel. */
bool lines_take(struct text *line);
void lines_give_back(struct text *line);

#endif
