/* SPDX-License-Identifier: MIT */
/* See json.h (RFC 8259). */
#include "sys/json.h"

#include <string.h>

void json_begin(struct text *line)
{
	line->room -= 1; /* the last bracket always fits */
	text_add(line, "{");
}

void json_end(struct text *line)
{
	line->room += 1;
	text_add(line, "}");
	text_end_line(line);
}

size_t json_mark(const struct text *line)
{
	return line->length;
}

bool json_fits(struct text *line, size_t mark)
{
	if (!line->cut)
		return true;
	line->length = mark;
	line->cut = false;
	return false;
}

/* An array is left out as a whole, by whoever opened it: one without its last elements would say something else. */
static void member_fits(struct text *line, const char *key, size_t mark)
{
	if (key)
		json_fits(line, mark);
}

/* Nothing of ours ends in a bracket that opens, but what was opened by us. */
void json_key(struct text *line, const char *key)
{
	char last = line->length ? line->bytes[line->length - 1] : '{';
	if (last != '{' && last != '[')
		text_add(line, ",");
	if (!key)
		return;
	text_add(line, "\"");
	text_add(line, key);
	text_add(line, "\":");
}

void json_open(struct text *line, const char *key, char bracket)
{
	json_key(line, key);
	text_add_bytes(line, &bracket, 1);
}

void json_close(struct text *line, char bracket)
{
	text_add_bytes(line, &bracket, 1);
}

/* --- strings --- */

/*
 * How many bytes the character has that begins here; 0 where it is none of UTF-8's: cut off, longer than it need be, a
 * surrogate, or beyond the last code point (RFC 3629, 4).
 */
static size_t length_of_character(const unsigned char *byte, size_t left)
{
	static const struct {
		unsigned char first, last;     /* of the first byte */
		unsigned char second_from, to; /* of the second one */
		size_t length;
	} forms[] = {
		{0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	for (size_t form = 0; form < sizeof forms / sizeof forms[0]; form++) {
		size_t length = forms[form].length;
		if (byte[0] < forms[form].first || byte[0] > forms[form].last)
			continue;
		if (length == 1)
			return 1;
		if (left < length || byte[1] < forms[form].second_from || byte[1] > forms[form].to)
			return 0;
		for (size_t i = 2; i < length; i++)
			if ((byte[i] & 0xc0) != 0x80)
				return 0;
		return length;
	}
	return 0;
}

static void add_escape(struct text *line, unsigned char byte)
{
	char hex[2] = {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
	text_add(line, "\\u00");
	text_add_bytes(line, hex, sizeof hex);
}

void json_quote(struct text *line, const char *bytes, size_t length)
{
	const unsigned char *byte = (const unsigned char *)bytes;
	for (size_t i = 0; i < length;) {
		size_t taken = length_of_character(&byte[i], length - i);
		if (!taken) {
			text_add(line, "\\ufffd");
			taken = 1;
		} else if (byte[i] < ' ' || byte[i] == 127) {
			add_escape(line, byte[i]);
		} else {
			if (byte[i] == '"' || byte[i] == '\\')
				text_add(line, "\\");
			text_add_bytes(line, (const char *)&byte[i], taken);
		}
		i += taken;
	}
}

void json_string(struct text *line, const char *key, const char *string)
{
	size_t mark = json_mark(line);
	if (!string)
		return;
	json_key(line, key);
	text_add(line, "\"");
	json_quote(line, string, strlen(string));
	text_add(line, "\"");
	member_fits(line, key, mark);
}

void json_number(struct text *line, const char *key, uint64_t number)
{
	size_t mark = json_mark(line);
	json_key(line, key);
	text_add_number(line, number);
	member_fits(line, key, mark);
}

void json_bool(struct text *line, const char *key, bool value)
{
	size_t mark = json_mark(line);
	json_key(line, key);
	text_add(line, value ? "true" : "false");
	member_fits(line, key, mark);
}
