/* SPDX-License-Identifier: MIT */
/*
 * yajl calls back for each piece of a line; this file keeps track of where in the event that piece stands.
 *
 * Mechanism: at depth 1 a key chooses its field (fields.c), a value goes there. The four
 * keys that are no plain values (doors, faults, objects, sites) have a room each, in which the callbacks put what they get
 * into arrays of fixed size; what is beyond them is dropped, as is what nobody knows.
 * Rules: a trouble is noted and the line is read on, so that "cut" and "no JSON" win over "wrong type", and "newer" over both.
 */
#include "parse.h"

#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "fields.h"

enum { SITES = 24, FRAMES = 32, OBJECTS = 64, DOORS_TEXT = 128 };

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

/* --- pieces --- */

/* Control characters become question marks (C1 ones are C2 80 to C2 9F in UTF-8). */
static void clean_text(char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		bool c1 = c >= 0x80 && c <= 0x9f && i > 0 && (unsigned char)text[i - 1] == 0xc2;

		if (c < 0x20 || c == 0x7f)
			text[i] = '?';
		else if (c1)
			text[i - 1] = text[i] = '?';
	}
}

static const char *keep_text(struct parser *p, const char *text, size_t length)
{
	char *copy = p->text + p->text_used;

	if (length >= sizeof(p->text) - p->text_used)
		return NULL; /* cannot be: see text */
	memcpy(copy, text, length);
	if (!p->plain)
		clean_text(copy, length);
	copy[length] = '\0';
	p->text_used += length + 1;
	return copy;
}

/* JSON has control characters only as escapes; DEL and the C1 ones may stand as they are. */
static bool is_plain(const char *line, size_t length)
{
	return !memchr(line, '\\', length) && !memchr(line, 0x7f, length) && !memchr(line, 0xc2, length);
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
	for (enum fault f = 0; f < FAULTS; f++)
		if (strlen(fault_name(f)) == length && memcmp(fault_name(f), name, length) == 0)
			p->record.faults |= 1U << f;
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
		p->field = field_find(key, length);
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

static const yajl_callbacks callbacks = {.yajl_null = on_null,
					 .yajl_boolean = on_boolean,
					 .yajl_number = on_number,
					 .yajl_string = on_string,
					 .yajl_start_map = on_map,
					 .yajl_map_key = on_key,
					 .yajl_end_map = on_end,
					 .yajl_start_array = on_list,
					 .yajl_end_array = on_end};

/* --- the line --- */

static void begin_line(struct parser *p, const char *line, size_t length)
{
	p->plain = is_plain(line, length);
	p->record = p->blank;
	p->depth = 0;
	p->field = NULL;
	p->object_key = NULL;
	p->other_value = p->wrong_type = p->has_time = false;
	p->schema = 0;
	p->objects_count = p->sites_count = p->text_used = p->doors_used = 0;
}

static const struct {
	const char *name;
	enum event_kind kind;
} kinds[] = {{"end", EVENT_END},
	     {"tracked", EVENT_TRACKED},
	     {"handshake", EVENT_HANDSHAKE},
	     {"notify", EVENT_NOTIFY},
	     {"half-close", EVENT_HALF_CLOSE},
	     {"drain", EVENT_DRAIN},
	     {"read-failed", EVENT_READ_FAILED},
	     {"write-incomplete", EVENT_WRITE_INCOMPLETE},
	     {"hidden-end", EVENT_HIDDEN_END},
	     {"setting", EVENT_SETTING},
	     {"out-of-reach", EVENT_OUT_OF_REACH}};

static enum event_kind kind_of(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return kinds[i].kind;
	return EVENT_OTHER;
}

/* The objects may stand behind the sites: so the indexes become pointers only now. */
static void link_sites(struct parser *p)
{
	size_t objects = p->objects_count < OBJECTS ? p->objects_count : OBJECTS;
	size_t sites = p->sites_count < SITES ? p->sites_count : SITES;

	for (size_t i = 0; i < sites; i++) {
		const struct site_read *read = &p->sites_read[i];

		for (size_t k = 0; k < read->count; k++) {
			int index = read->frames[k].object;
			bool known = index >= 0 && (size_t)index < objects && p->objects[index].path;

			p->frames[i][k] =
				(struct frame){known ? &p->objects[index] : NULL, read->frames[k].offset};
		}
		p->sites[i] = (struct site){read->call, read->count, p->frames[i]};
	}
	p->record.sites = sites ? p->sites : NULL;
	p->record.sites_count = sites;
}

static enum parsed judge_event(struct parser *p)
{
	struct record *r = &p->record;
	bool of_connection;

	if (p->schema > SCHEMA_KNOWN)
		return PARSED_NEWER;
	if (p->wrong_type)
		return PARSED_WRONG_TYPE;
	if (p->schema == 0 && !r->event)
		return PARSED_NO_EVENT;
	if (p->schema == 0 || !r->event || !p->has_time || !r->program || r->pid < 0)
		return PARSED_MISSING;
	r->kind = kind_of(r->event);
	of_connection = r->kind != EVENT_SETTING && r->kind != EVENT_OUT_OF_REACH && r->kind != EVENT_OTHER;
	if ((of_connection && !r->id) || (r->kind == EVENT_END && !r->verdict))
		return PARSED_MISSING;
	link_sites(p);
	return PARSED_EVENT;
}

enum parsed parse_line(struct parser *parser, const char *line, size_t length, const struct record **record)
{
	yajl_handle yajl = yajl_alloc(&callbacks, NULL, parser);
	enum parsed result;

	if (!yajl)
		return PARSED_NOT_JSON;
	begin_line(parser, line, length);
	if (length > LINE_LIMIT || yajl_parse(yajl, (const unsigned char *)line, length) != yajl_status_ok)
		result = PARSED_NOT_JSON;
	else if (yajl_complete_parse(yajl) != yajl_status_ok)
		result = PARSED_CUT;
	else if (parser->other_value)
		result = PARSED_NOT_OBJECT;
	else
		result = judge_event(parser);
	yajl_free(yajl);
	*record = &parser->record;
	return result;
}

struct parser *parser_new(void)
{
	struct parser *parser = calloc(1, sizeof(*parser));

	if (!parser)
		return NULL;
	fields_blank(&parser->blank);
	return parser;
}

void parser_free(struct parser *parser)
{
	free(parser);
}
