/* SPDX-License-Identifier: MIT */
/* See json.h (RFC 8259). */
#include "sys/json.h"

#include "sys/characters.h"

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

static void add_escape(struct text *line, unsigned code)
{
	char hex[4];
	for (int i = 0; i < 4; i++)
		hex[i] = "0123456789abcdef"[code >> (12 - 4 * i) & 15];
	text_add(line, "\\u");
	text_add_bytes(line, hex, sizeof hex);
}

/* None that is escaped is beyond four digits. */
void json_quote(struct text *line, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length;) {
		unsigned code;
		size_t taken = characters_decode(&bytes[i], length - i, &code);
		if (!taken) {
			text_add(line, "\\ufffd");
			taken = 1;
		} else if (!characters_harmless(code)) {
			add_escape(line, code);
		} else {
			if (code == '"' || code == '\\')
				text_add(line, "\\");
			text_add_bytes(line, &bytes[i], taken);
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
