/* SPDX-License-Identifier: MIT */
/*
 * The keys of an event by name, and where in struct record each is kept.
 */
#ifndef TLSBYE_REPORT_FIELDS_H
#define TLSBYE_REPORT_FIELDS_H

#include "record.h"

enum field_type { STRING, COUNT, NUMBER, TRUTH, TIME, SCHEMA, DOORS, FAULT_LIST, OBJECT_LIST, SITE_LIST };

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	size_t length; /* of name */
};

extern const struct field fields[];
extern const size_t fields_count;

const struct field *fields_find(const char *name, size_t length); /* NULL: a key that nobody knows */

/* A record in which everything is absent. */
void fields_blank(struct record *blank);

/* The place of a string of this record; NULL when the field is no string. */
const char **fields_text(struct record *record, const struct field *field);

#endif
