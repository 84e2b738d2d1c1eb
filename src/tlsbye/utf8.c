/* SPDX-License-Identifier: MIT */
/*
 * See utf8.h. (What yajl takes for UTF-8 is more than what a reader of JSON does: overlong characters, surrogates.)
 */
#include "utf8.h"

#include <string.h>

/* Overlong ones and surrogates are none. */
int utf8_decode(const char *text, unsigned *code)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *at = (const unsigned char *)text;
	int length = at[0] < 0x80   ? 1
		     : at[0] < 0xc2 ? 0
		     : at[0] < 0xe0 ? 2
		     : at[0] < 0xf0 ? 3
		     : at[0] < 0xf5 ? 4
				    : 0;

	if (length <= 1) {
		*code = at[0];
		return length;
	}
	*code = at[0] & (0x7fU >> length);
	for (int i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (at[i] & 0x3fU);
	}
	return *code < least[length] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000) ? 0 : length;
}

/* Beside the controls: the marks of direction, the separators of lines and paragraphs. */
bool utf8_harmless(unsigned code)
{
	return code >= 0x20 && !(code >= 0x7f && code < 0xa0) && !(code >= 0x200e && code <= 0x200f) &&
	       !(code >= 0x2028 && code <= 0x202e) && !(code >= 0x2066 && code <= 0x2069) && code != 0x061c;
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
