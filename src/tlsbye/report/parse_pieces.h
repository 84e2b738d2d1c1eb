/* SPDX-License-Identifier: MIT */
/*
 * Between parse.c, which judges a line, and parse_pieces.c, which is called by yajl for each piece of it: what has been
 * read of the line, and where in it yajl is.
 */
#ifndef TLSBYE_REPORT_PARSE_PIECES_H
#define TLSBYE_REPORT_PARSE_PIECES_H

#include <yajl/yajl_parse.h>

#include "fields.h"
#include "parse.h"

enum { SITES = 24, FRAMES = 32, OBJECTS = RECORD_OBJECTS, DOORS_TEXT = 128 };

struct frame_read {
	uint64_t offset;
	int object; /* -1: null */
};

struct site_read {
	const char *call;
	size_t count;
	struct frame_read frames[FRAMES];
};

struct parser {
	struct record blank, record;

	/* Where we are. */
	unsigned depth;
	const struct field *field; /* whose value comes, or is being read; NULL: nobody's */
	unsigned frame_part;       /* of [object, offset] */
	const char **object_key;   /* which member of the last object comes next */

	/* What was seen. */
	bool other_value, wrong_type, has_time;
	bool plain;      /* its strings have nothing that a terminal would act on */
	uint64_t schema; /* 0: none */

	size_t objects_count, sites_count; /* as many as came; the arrays hold the first of them */
	size_t text_used, doors_used;
	struct object objects[OBJECTS];
	struct site_read sites_read[SITES];
	struct site sites[SITES];
	struct frame frames[SITES][FRAMES];
	char doors[DOORS_TEXT];
	char text[LINE_LIMIT + 1]; /* a string in a line is longer than its text: by its quotes */
};

/* Their context is a struct parser that is at the beginning of a line. */
extern const yajl_callbacks parse_pieces_callbacks;

#endif
