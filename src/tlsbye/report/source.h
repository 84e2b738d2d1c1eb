/* SPDX-License-Identifier: MIT */
/*
 * From object, offset and build-id to function, file and line.
 */
#ifndef TLSBYE_REPORT_SOURCE_H
#define TLSBYE_REPORT_SOURCE_H

#include "record.h"

struct source;

/* What is known about one frame; what is not known is NULL (line: 0). Lives as long as the source. */
struct place {
	const char *function;
	const char *file;
	int line;
	const char *object; /* its path; NULL: the address is in no object */
	const char *
		why; /* why there is no line: "no debug information", "another build than the one that ran" .. */
};

struct source *source_open(void);                                                     /* NULL: no memory */
const struct place *source_resolve(struct source *source, const struct frame *frame); /* never NULL; cached */
void source_close(struct source *source);

#endif
