/* SPDX-License-Identifier: MIT */
/*
 * See source_text.h.
 */
#include "source_text.h"

#include <stdlib.h>
#include <string.h>

#include "words.h"

/* "/x/build/../demo/server.c" -> "/x/demo/server.c", in place. Compilers keep the way that they were called by. */
void source_text_shorten(char *path)
{
	char *read = path, *write = path;

	while (*read) {
		if (strncmp(read, "/./", 3) == 0) {
			read += 2;
		} else if (write > path && (strncmp(read, "/../", 4) == 0)) {
			read += 3;
			do
				write--;
			while (write > path && *write != '/');
		} else {
			*write++ = *read++;
		}
	}
	*write = '\0';
}

char *source_text_file(const struct call_frame *frame)
{
	char *path;

	if (!frame->file)
		return NULL;
	if (*frame->file == '/' || !frame->directory)
		return strdup(frame->file);
	path = words("%s/%s", frame->directory, frame->file);
	return path;
}

char *source_text_function(const struct found *found, const struct call_frame *frame)
{
	const char *name = frame->function;

	/* Without a description of the function there may still be its symbol: hand-written assembler. */
	if (!name && found->count == 1)
		name = found->symbol;
	return name ? words("%.*s", NAME_MOST, name) : NULL;
}

/* "serve() at /x/server.c:63, inlined .." for the frames behind the first one. */
char *source_text_inlined(const struct found *found)
{
	char *text = NULL;

	for (int i = 1; i < found->count; i++) {
		char *file = source_text_file(&found->frames[i]);
		char *function = source_text_function(found, &found->frames[i]);
		char *longer;

		if (file)
			source_text_shorten(file);
		longer = words("%s%s%s() at %s:%d", text ? text : "", text ? ", inlined into " : "",
			       function ? function : "?", file ? file : "?", found->frames[i].line);
		free(text);
		free(file);
		free(function);
		text = longer;
	}
	return text;
}
