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

void text_add_bytes(struct text *text, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length;) {
		unsigned code;
		size_t taken = characters_decode(&bytes[i], length - i, &code);
		bool shown = taken && characters_harmless(code);
		taken = taken ? taken : 1;
		if (text->length + taken > text->room) {
			text->cut = true;
			return;
		}
		for (size_t end = i + taken; i < end; i++)
			text->bytes[text->length++] = shown ? bytes[i] : '?';
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
