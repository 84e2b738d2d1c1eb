/* SPDX-License-Identifier: MIT */
/*
 * See source_code.h.
 */
#include "source_code.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plain_file.h"

enum {
	CODE_MOST = 300,               /* bytes of the line */
	SOURCE_MOST = 32 * 1024 * 1024 /* a longer file is not searched */
};

/* A name in debug information may be that of any file, and reports are shown around: nothing but programs' text. */
static bool is_source(const char *path)
{
	static const char *const endings[] = {".c",   ".h", ".cc",  ".hh",  ".cpp", ".hpp", ".cxx",
					      ".hxx", ".C", ".c++", ".inc", ".m",   ".mm",  ".d",
					      ".rs",  ".y", ".l",   ".i",   ".S",   ".s"};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < sizeof(endings) / sizeof(endings[0]); i++)
		if (strcmp(dot, endings[i]) == 0)
			return true;
	return false;
}

static char *line_of(FILE *file, int number)
{
	char *line = NULL, *begin, *text = NULL;
	size_t room = 0;
	ssize_t length = -1;

	for (int i = 0; i < number; i++) {
		length = getline(&line, &room, file);
		if (length < 0)
			break;
	}
	if (length > 0) {
		while (length > 0 && isspace((unsigned char)line[length - 1]))
			line[--length] = '\0';
		begin = line + strspn(line, " \t");
		text = *begin ? strndup(begin, CODE_MOST) : NULL;
	}
	free(line);
	return text;
}

char *source_code(const char *path, int line, time_t built)
{
	const char *why;
	struct stat st;
	FILE *file;
	char *text = NULL;
	int fd = path && *path == '/' && is_source(path) ? plain_file_open(path, &st, &why) : -1;

	if (fd < 0)
		return NULL;
	file = fdopen(fd, "r");
	if (!file) {
		close(fd);
		return NULL;
	}
	if (st.st_mtime <= built && st.st_size <= SOURCE_MOST)
		text = line_of(file, line);
	fclose(file);
	return text;
}
