/* SPDX-License-Identifier: MIT */
/*
 * systemd.unit(5): a unit's file and its drop-ins, in /etc, /run and /usr/lib. Lines are read, not interpreted: which of two wins is
 * systemd's to say, and each is told.
 *
 * Rules: a unit is the program's where an ExecStart= begins with its path, or with one that is a link to it.
 */
#include "unit.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

static const char *const places[] = {"/etc/systemd/system", "/run/systemd/system",
				     "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
				     "/lib/systemd/system"};
enum { PLACES = sizeof(places) / sizeof(places[0]) };

static const char *const telling[] = {
	"SystemCallFilter=", "RestrictAddressFamilies=", "RootDirectory=", "RootImage="};

static bool same_program(const char *path, const char *program)
{
	char theirs[PATH_MAX], ours[PATH_MAX];

	return realpath(path, theirs) && realpath(program, ours) && strcmp(theirs, ours) == 0;
}

/* "ExecStart=-/usr/sbin/nginx -g ...": one of the marks of systemd.service(5), then the path. */
static bool starts(const char *line, const char *program)
{
	char path[PATH_MAX];

	if (strncmp(line, "ExecStart=", 10) != 0)
		return false;
	line += 10;
	line += strspn(line, "@-:+! \t");
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(line, " \t\n"), line);
	return *path == '/' && same_program(path, program);
}

static bool unit_starts(const char *file, const char *program)
{
	FILE *f = fopen(file, "re");
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	while (f && !found && getline(&line, &size, f) > 0)
		found = starts(line, program);
	free(line);
	if (f)
		fclose(f);
	return found;
}

static size_t keep_lines(const char *file, const char *unit, struct unit_line **lines, size_t count)
{
	FILE *f = fopen(file, "re");
	char *line = NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++) {
			if (strncmp(line, telling[i], strlen(telling[i])) != 0)
				continue;
			*lines = memory_grow(*lines, count, sizeof(**lines));
			(*lines)[count++] = (struct unit_line){memory_copy(unit), memory_copy(line)};
		}
	}
	free(line);
	if (f)
		fclose(f);
	return count;
}

static size_t keep_drop_ins(const char *unit, struct unit_line **lines, size_t count)
{
	for (unsigned p = 0; p < PLACES; p++) {
		char *pattern = memory_print("%s/%s.d/*.conf", places[p], unit);
		glob_t found = {0};

		if (glob(pattern, 0, NULL, &found) == 0)
			for (size_t i = 0; i < found.gl_pathc; i++)
				count = keep_lines(found.gl_pathv[i], unit, lines, count);
		globfree(&found);
		free(pattern);
	}
	return count;
}

/* /lib is /usr/lib on most systems, and a unit in /etc hides the one of the same name below: the first is the one. */
static bool seen_before(char *const *seen, size_t count, const char *unit)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(seen[i], unit) == 0)
			return true;
	return false;
}

size_t unit_lines(const char *program, struct unit_line **lines)
{
	char **seen = NULL;
	size_t count = 0, units = 0;

	*lines = NULL;
	for (unsigned p = 0; p < PLACES; p++) {
		char *pattern = memory_print("%s/*.service", places[p]);
		glob_t found = {0};

		if (glob(pattern, 0, NULL, &found) != 0)
			found.gl_pathc = 0;
		for (size_t i = 0; i < found.gl_pathc; i++) {
			const char *unit = strrchr(found.gl_pathv[i], '/') + 1;

			if (seen_before(seen, units, unit) || !unit_starts(found.gl_pathv[i], program))
				continue;
			seen = memory_grow(seen, units, sizeof(*seen));
			seen[units++] = memory_copy(unit);
			count = keep_lines(found.gl_pathv[i], unit, lines, count);
			count = keep_drop_ins(unit, lines, count);
		}
		globfree(&found);
		free(pattern);
	}
	return count;
}

static bool has_word(const char *list, const char *word)
{
	for (list += strspn(list, " \t"); *list; list += strspn(list, " \t")) {
		size_t length = strcspn(list, " \t");

		if (length == strlen(word) && strncmp(list, word, length) == 0)
			return true;
		list += length;
	}
	return false;
}

bool unit_allows(const char *text, const char *word)
{
	const char *list = strchr(text, '=') + 1;

	list += strspn(list, " \t");
	if (!*list)
		return true;
	return *list == '~' ? !has_word(list + 1, word) : has_word(list, word);
}
