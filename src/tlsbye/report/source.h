/* SPDX-License-Identifier: MIT */
/*
 * From object, offset and build-id to function, file and line.
 */
#ifndef TLSBYE_REPORT_SOURCE_H
#define TLSBYE_REPORT_SOURCE_H

#include "record.h"

struct source;

/*
 * What is known about one frame; what is not known is NULL (line: 0). Lives as long as the source. Nothing in it has
 * control characters, whatever the debug information holds.
 */
struct place {
	const char *function; /* "serve", or only by its symbol "serve+0x12" (then why tells more) */
	const char *file;
	int line;
	const char *object; /* its path; NULL: the address is in no object */
	const char *why; /* why there is no line: "no debug information here ..", "another build than .." */
	const char *inlined; /* "serve() at /x/server.c:63, ..": what the function was inlined into */
	const char *text;    /* all of it in words: "serve() at /x/server.c:63" */
	const char *
		code; /* the line itself, trimmed; NULL where it cannot be read or is newer than the object */
};

struct source *source_open(void); /* NULL: no memory */
/* One more directory with separate debug files (as /usr/lib/debug); before the first source_resolve(). */
bool source_look_in(struct source *source, const char *directory);
const struct place *source_resolve(struct source *source, const struct frame *frame); /* never NULL; cached */
void source_close(struct source *source);

#endif
