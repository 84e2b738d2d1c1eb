/* SPDX-License-Identifier: MIT */
/*
 * See utf8.h. (What yajl takes for UTF-8 is more than what a reader of JSON does: overlong characters, surrogates.)
 */
#include "utf8.h"

#include <string.h>

#include "sys/characters.h"

int utf8_decode(const char *text, unsigned *code)
{
	*code = (unsigned char)*text;
	return *text ? (int)characters_decode(text, strnlen(text, 4), code) : 1;
}

bool utf8_harmless(unsigned code)
{
	return characters_harmless(code);
}

bool utf8_valid(const char *text)
{
	while (*text) {
		unsigned code;
		int length = utf8_decode(text, &code);

		if (!length)
			return false;
		text += length;
	}
	return true;
}

void utf8_clean(char *text, size_t length)
{
	for (char *at = text; at < text + length;) {
		unsigned code;
		int bytes = utf8_decode(at, &code);

		if (!bytes || !utf8_harmless(code))
			memset(at, '?', bytes ? (size_t)bytes : 1);
		at += bytes ? bytes : 1;
	}
}
