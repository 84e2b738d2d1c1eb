/* SPDX-License-Identifier: MIT */
/*
 * yajl calls back for each piece of a line; this file keeps track of where in the event that piece stands.
 *
 * Mechanism: at depth 1 a key chooses its field (fields.c), a value goes there. The four keys that are no plain values
 * (doors, faults, objects, sites) have a room each, in which the callbacks put what they get into arrays of fixed size; what
 * is beyond them is dropped, as is what nobody knows.
 * Rules: a callback never stops the reading: a trouble is noted, and parse.c decides which of them counts.
 */
#include "parse_pieces.h"

#include <stdlib.h>
#include <string.h>

#include "../utf8.h"
#include "vocabulary.h"

static const char *keep_text(struct parser *p, const char *text, size_t length)
{
	char *copy = p->text + p->text_used;

	if (length >= sizeof(p->text) - p->text_used)
		return NULL; /* cannot be: see text */
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (!p->plain)
		utf8_clean(copy, length);
	p->text_used += length + 1;
	return copy;
}

static void add_door(struct parser *p, const char *name, size_t length)
{
	if (p->doors_used + length + 3 > sizeof(p->doors))
		return;
	name = keep_text(p, name, length);
	if (!name)
		return;
	p->doors_used = (size_t)(stpcpy(stpcpy(p->doors + p->doors_used, p->doors_used ? ", " : ""), name) -
				 p->doors);
	p->record.doors = p->doors;
}

static void add_fault(struct parser *p, const char *name, size_t length)
{
	enum fault_place fault = vocabulary_fault(name, length);

	if (fault < FAULT_COUNT)
		p->record.faults |= 1U << fault;
}

static void add_frame_part(struct parser *p, bool null, uint64_t value)
{
	struct site_read *site;
	struct frame_read *frame;

	if (p->sites_count == 0 || p->sites_count > SITES)
		return;
	site = &p->sites_read[p->sites_count - 1];
	if (site->count >= FRAMES)
		return;
	frame = &site->frames[site->count];
	if (p->frame_part == 0)
		frame->object = null || value >= OBJECTS ? -1 : (int)value;
	else if (p->frame_part == 1 && !null)
		frame->offset = value;
	p->frame_part++;
}

/* --- yajl's callbacks: 1 goes on --- */

static int wrong(struct parser *p)
{
	p->wrong_type = true;
	return 1;
}

/* Does a plain value that comes now belong to nobody? (The whole line may be one.) */
static bool nobodys(struct parser *p)
{
	if (p->depth == 0)
		p->other_value = true;
	return p->depth == 0 || !p->field;
}

static int on_null(void *context)
{
	struct parser *p = context;

	if (!nobodys(p) && p->field->type == SITE_LIST && p->depth == 4)
		add_frame_part(p, true, 0);
	return 1; /* of a plain key: absent */
}

static int on_boolean(void *context, int value)
{
	struct parser *p = context;

	if (nobodys(p))
		return 1;
	if (p->depth != 1 || p->field->type != TRUTH)
		return wrong(p);
	*(int *)((char *)&p->record + p->field->offset) = value;
	return 1;
}

/* False: it is none, or too large. (strtoll() takes three times as long, and this is done for each number of a log.) */
static bool read_integer(const char *text, size_t length, bool *negative, uint64_t *value)
{
	*negative = *text == '-';
	*value = 0;
	for (size_t i = *negative; i < length; i++) {
		unsigned digit = (unsigned char)text[i] - (unsigned)'0';

		if (digit > 9 || __builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, digit, value))
			return false;
	}
	return true;
}

static int on_time(struct parser *p, const char *text)
{
	double time =
		strtod(text, NULL); /* the program is in the C locale, and what follows the number ends it */

	if (!(time >= 0 && time < 1e11))
		return wrong(p);
	p->record.time = time;
	p->has_time = true;
	return 1;
}

static int on_number(void *context, const char *text, size_t length)
{
	struct parser *p = context;
	enum field_type type;
	uint64_t value;
	bool negative;

	if (nobodys(p))
		return 1;
	type = p->field->type;
	if (p->depth == 1 && type == TIME)
		return on_time(p, text);
	if (!read_integer(text, length, &negative, &value) || (negative && type != NUMBER))
		return wrong(p);
	if (p->depth == 4 && type == SITE_LIST) {
		add_frame_part(p, false, value);
		return 1;
	}
	if (p->depth != 1 || value > INT64_MAX)
		return wrong(p);
	if (type == SCHEMA)
		p->schema = value;
	else if (type == COUNT || type == NUMBER)
		*(int64_t *)((char *)&p->record + p->field->offset) =
			negative ? -(int64_t)value : (int64_t)value;
	else
		return wrong(p);
	return 1;
}

static int on_string(void *context, const unsigned char *start, size_t length)
{
	struct parser *p = context;
	const char *text = (const char *)start;

	if (nobodys(p))
		return 1;
	if (p->depth == 1 && p->field->type == STRING)
		*(const char **)((char *)&p->record + p->field->offset) = keep_text(p, text, length);
	else if (p->depth == 2 && p->field->type == DOORS)
		add_door(p, text, length);
	else if (p->depth == 2 && p->field->type == FAULT_LIST)
		add_fault(p, text, length);
	else if (p->depth == 3 && p->field->type == OBJECT_LIST) {
		if (p->object_key)
			*p->object_key = keep_text(p, text, length);
	} else
		return wrong(p);
	return 1;
}

static bool is(const char *text, size_t length, const char *name)
{
	return strlen(name) == length && memcmp(text, name, length) == 0;
}

static int on_key(void *context, const unsigned char *start, size_t length)
{
	struct parser *p = context;
	const char *key = (const char *)start;

	if (p->depth == 1) {
		p->field = fields_find(key, length);
	} else if (p->field && p->field->type == OBJECT_LIST && p->depth == 3) {
		struct object *object = &p->objects[p->objects_count - 1];

		p->object_key = p->objects_count > OBJECTS    ? NULL
				: is(key, length, "path")     ? &object->path
				: is(key, length, "build_id") ? &object->build_id
							      : NULL;
	} else if (p->field && p->field->type == SITE_LIST && p->depth == 2) {
		p->sites_count++;
		if (p->sites_count <= SITES)
			p->sites_read[p->sites_count - 1] =
				(struct site_read){.call = keep_text(p, key, length)};
	}
	return 1;
}

/* A list or an object begins. Those of keys that nobody knows are walked through. */
static int on_begin(struct parser *p, bool map)
{
	enum field_type type;
	bool fits;

	p->depth++;
	if (p->depth == 1) {
		p->other_value |= !map;
		return 1;
	}
	if (!p->field || p->other_value)
		return 1;
	type = p->field->type;
	if (type == DOORS || type == FAULT_LIST)
		fits = p->depth == 2 && !map;
	else if (type == OBJECT_LIST)
		fits = (p->depth == 2 && !map) || (p->depth == 3 && map);
	else
		fits = type == SITE_LIST && (map ? p->depth == 2 : p->depth == 3 || p->depth == 4);
	if (!fits) {
		p->field = NULL;
		return wrong(p);
	}
	if (type == OBJECT_LIST && map) {
		p->object_key = NULL;
		p->objects_count++;
		if (p->objects_count <= OBJECTS)
			p->objects[p->objects_count - 1] = (struct object){0};
	}
	p->frame_part = 0;
	return 1;
}

static int on_map(void *context)
{
	return on_begin(context, true);
}

static int on_list(void *context)
{
	return on_begin(context, false);
}

static int on_end(void *context)
{
	struct parser *p = context;
	bool frame = p->field && p->field->type == SITE_LIST && p->depth == 4 && p->sites_count <= SITES;

	if (frame && p->frame_part == 2 && p->sites_read[p->sites_count - 1].count < FRAMES)
		p->sites_read[p->sites_count - 1].count++;
	p->depth--;
	return 1;
}

const yajl_callbacks parse_pieces_callbacks = {.yajl_null = on_null,
					       .yajl_boolean = on_boolean,
					       .yajl_number = on_number,
					       .yajl_string = on_string,
					       .yajl_start_map = on_map,
					       .yajl_map_key = on_key,
					       .yajl_end_map = on_end,
					       .yajl_start_array = on_list,
					       .yajl_end_array = on_end};
