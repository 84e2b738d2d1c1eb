/* SPDX-License-Identifier: MIT */
/*
 * A line is given to yajl, which hands its pieces to parse_pieces.c; what has come together is judged here.
 *
 * Rules: a line is read to its end, so that "cut" and "no JSON" win over "wrong type", and "newer" over both.
 */
#include "parse.h"

#include <stdlib.h>
#include <string.h>

#include "parse_pieces.h"
#include "vocabulary.h"

/* Eight bytes at a time: this is done with each byte of a log. */
static bool is_ascii(const char *line, size_t length)
{
	uint64_t all = 0, eight;

	for (; length >= sizeof(eight); line += sizeof(eight), length -= sizeof(eight)) {
		memcpy(&eight, line, sizeof(eight));
		all |= eight;
	}
	for (; length > 0; line++, length--)
		all |= (unsigned char)*line;
	return !(all & 0x8080808080808080U);
}

/* JSON has control characters only as escapes; but DEL, and what is not ASCII, may stand as it is. */
static bool is_plain(const char *line, size_t length)
{
	return !memchr(line, '\\', length) && !memchr(line, 0x7f, length) && is_ascii(line, length);
}

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

			p->frames[i][k] = (struct frame){known ? &p->objects[index] : NULL,
							 read->frames[k].offset, k == 0 ? read->call : NULL};
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
	r->kind = vocabulary_kind(r->event);
	of_connection = r->kind != EVENT_SETTING && r->kind != EVENT_OUT_OF_REACH &&
			r->kind != EVENT_HAND_OVER && r->kind != EVENT_CUT_SHORT && r->kind != EVENT_KILLED &&
			(int)r->kind != EVENT_OTHER;
	if ((of_connection && !r->id) || (r->kind == EVENT_END && !r->verdict))
		return PARSED_MISSING;
	link_sites(p);
	return PARSED_EVENT;
}

enum parsed parse_line(struct parser *parser, const char *line, size_t length, const struct record **record)
{
	yajl_handle yajl = yajl_alloc(&parse_pieces_callbacks, NULL, parser);
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

struct parser *parse_new(void)
{
	struct parser *parser = calloc(1, sizeof(*parser));

	if (!parser)
		return NULL;
	fields_blank(&parser->blank);
	return parser;
}

void parse_free(struct parser *parser)
{
	free(parser);
}
