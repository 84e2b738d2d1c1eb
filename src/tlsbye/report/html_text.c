/* SPDX-License-Identifier: MIT */
/*
 * Text into HTML. A log is written by programs that anybody may have named, so it is hostile: no character of it may
 * begin markup, end an attribute, move text around (the bidirectional controls) or be no character at all.
 */
#include <string.h>

#include "html_parts.h"

#define NO_CHARACTER "\xef\xbf\xbd" /* U+FFFD */

/* The length of a whole UTF-8 character, 0 where there is none; *code is it. Overlong ones and surrogates are none. */
static int decode(const unsigned char *text, unsigned *code)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	int length = text[0] < 0x80   ? 1
		     : text[0] < 0xc2 ? 0
		     : text[0] < 0xe0 ? 2
		     : text[0] < 0xf0 ? 3
		     : text[0] < 0xf5 ? 4
				      : 0;

	if (length <= 1) {
		*code = text[0];
		return length;
	}
	*code = text[0] & (0x7fU >> length);
	for (int i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (text[i] & 0x3fU);
	}
	return *code < least[length] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000) ? 0 : length;
}

static bool harmless(unsigned code)
{
	if (code < 0x20)
		return code == '\n' || code == '\t';
	return !(code >= 0x7f && code < 0xa0) && !(code >= 0x200e && code <= 0x200f) &&
	       !(code >= 0x2028 && code <= 0x202e) && !(code >= 0x2066 && code <= 0x2069) && code != 0x061c;
}

void html_text(FILE *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (at && *at) {
		unsigned code;
		int length = decode(at, &code);

		if (!length || !harmless(code))
			fputs(NO_CHARACTER, out);
		else if (code == '&')
			fputs("&amp;", out);
		else if (code == '<')
			fputs("&lt;", out);
		else if (code == '>')
			fputs("&gt;", out);
		else if (code == '"')
			fputs("&quot;", out);
		else if (code == '\'')
			fputs("&#39;", out);
		else
			fwrite(at, 1, (size_t)length, out);
		at += length ? length : 1;
	}
}

void html_put(FILE *out, const char *before, const char *text, const char *after)
{
	fputs(before, out);
	html_text(out, text);
	fputs(after, out);
}
