/* SPDX-License-Identifier: MIT */
/*
 * See text.h. What is no harmless character becomes '?', a byte each: a line of ours stays one line, and reads as it is written,
 * whatever a name holds.
 */
#include "sys/text.h"

#include "sys/characters.h"

#include <string.h>

enum { END_OF_LINE = 1 };

struct text text_in(char *bytes, size_t size)
{
	return (struct text){.bytes = bytes, .room = size - END_OF_LINE};
}

static bool is_plain(char byte)
{
	return byte >= ' ' && byte < 127;
}

/* Nearly all of a line: copied until it is full. */
static size_t add_plain(struct text *text, const char *bytes, size_t length)
{
	size_t room = text->length < text->room ? text->room - text->length : 0,
	       most = length < room ? length : room, i = 0;
	char *to = text->bytes + text->length;
	for (; i < most && is_plain(bytes[i]); i++)
		to[i] = bytes[i];
	text->length += i;
	return i;
}

/* A character that is not, or a byte that is none: shown as a whole, masked, or left out. */
static size_t add_character(struct text *text, const char *bytes, size_t length)
{
	unsigned code;
	size_t taken = characters_decode(bytes, length, &code);
	bool shown = taken && characters_harmless(code);
	taken = taken ? taken : 1;
	if (text->length + taken > text->room) {
		text->cut = true;
		return 0;
	}
	for (size_t i = 0; i < taken; i++)
		text->bytes[text->length++] = shown ? bytes[i] : '?';
	return taken;
}

void text_add_bytes(struct text *text, const char *bytes, size_t length)
{
	size_t i = 0, taken = 1;
	while (i < length && taken) {
		i += add_plain(text, &bytes[i], length - i);
		taken = i < length ? add_character(text, &bytes[i], length - i) : 0;
		i += taken;
	}
}

void text_add(struct text *text, const char *string)
{
	text_add_bytes(text, string, strlen(string));
}

static void add_digits(struct text *text, uint64_t number, unsigned base, const char *separator)
{
	char digits[32];
	unsigned count = 0, length = 0;
	do {
		if (separator && count && count % 3 == 0)
			digits[length++] = *separator;
		digits[length++] = "0123456789abcdef"[number % base];
		count++;
		number /= base;
	} while (number);
	while (length)
		text_add_bytes(text, &digits[--length], 1);
}

void text_add_number(struct text *text, uint64_t number)
{
	add_digits(text, number, 10, NULL);
}

void text_add_grouped(struct text *text, uint64_t number)
{
	add_digits(text, number, 10, ",");
}

void text_add_hex(struct text *text, uint32_t number)
{
	add_digits(text, number, 16, NULL);
}

void text_end_line(struct text *text)
{
	text->bytes[text->length++] = '\n';
}
