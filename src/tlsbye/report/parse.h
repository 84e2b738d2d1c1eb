/* SPDX-License-Identifier: MIT */
/*
 * One line of a log becomes a record, or a reason why not. The JSON is read by yajl (of the C libraries the fastest by
 * far: it hands the pieces over and builds no tree); here is only what an event has to look like.
 *
 * Rules: of the keys that this report knows each must have its type; others are passed over. Strings lose their control
 * characters on the way, because everything ends up on somebody's terminal.
 */
#ifndef TLSBYE_REPORT_PARSE_H
#define TLSBYE_REPORT_PARSE_H

#include "record.h"

#define LINE_LIMIT 65536 /* an event has 4,000 bytes at the most */

enum parsed {
	PARSED_EVENT,
	PARSED_CUT,        /* it ends before the object does */
	PARSED_NOT_JSON,   /* begins like an object, and is none */
	PARSED_NOT_OBJECT, /* JSON, but a list, a number .. */
	PARSED_NO_EVENT,   /* an object, but without "v" and "event": somebody else's JSON */
	PARSED_NEWER,      /* "v" is greater than SCHEMA_KNOWN */
	PARSED_WRONG_TYPE,
	PARSED_MISSING, /* a key that this event must have */
};

struct parser;

struct parser *parse_new(void);
void parse_free(struct parser *parser);

/* At most LINE_LIMIT bytes; a byte that is no digit follows them. *record lives until the next call. */
enum parsed parse_line(struct parser *parser, const char *line, size_t length, const struct record **record);

#endif
