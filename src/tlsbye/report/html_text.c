/* SPDX-License-Identifier: MIT */
/*
 * Text into HTML. A log is written by programs that anybody may have named, so it is hostile: no character of it may
 * begin markup, end an attribute, move text around (the bidirectional controls) or be no character at all.
 */
#include "../utf8.h"
#include "html_parts.h"

#define NO_CHARACTER "\xef\xbf\xbd" /* U+FFFD */

/* Source code has tabs, and the lines to be pasted have ends. */
static bool shown(unsigned code)
{
	return code == '\n' || code == '\t' || utf8_harmless(code);
}

void html_text(FILE *out, const char *text)
{
	const char *at = text;

	while (at && *at) {
		unsigned code;
		int length = utf8_decode(at, &code);

		if (!length || !shown(code))
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

void html_text_put(FILE *out, const char *before, const char *text, const char *after)
{
	fputs(before, out);
	html_text(out, text);
	fputs(after, out);
}
