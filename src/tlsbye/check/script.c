/* SPDX-License-Identifier: MIT */
/*
 * The text of a script is searched for the call that replaces it, as its language spells it.
 *
 * Rules: comments, manuals and texts inside the script do not count; what is built at run time is not seen. Children that it waits for are no
 * hand-over: they are programs besides it.
 */
#include "script.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MOST = 20000 };

/* A word that begins with "." or "::" belongs to what stands before it: a method is not the call. */
static const struct {
	const char *interpreters, *word, *not_after;
} calls[] = {
	{"perl*", "exec", ">$@%&:"}, {"ruby*", "exec", ".$@:"},     {"python*", "os.execv", ""},
	{"python*", "os.execl", ""}, {"php*", "pcntl_exec", ">$:"},
};

static bool stands_alone(const char *line, const char *found, size_t length, const char *not_after)
{
	char before = found > line ? found[-1] : ' ', after = found[length];

	if (isalnum((unsigned char)before) || before == '_' || strchr(not_after, before))
		return false;
	/* os.execv is os.execve and os.execvp as well. */
	return strchr(found, '.') == found + 2 || strchr(" \t(\n", after);
}

/* Inside of quotation marks that were opened on this line, or after the sign of a comment. */
static bool is_text(const char *line, const char *found)
{
	char quote = '\0';

	for (const char *at = line; at < found; at++) {
		if (*at == '\\' && at + 1 < found)
			at++;
		else if (quote)
			quote = *at == quote ? '\0' : quote;
		else if (*at == '"' || *at == '\'')
			quote = *at;
		else if (*at == '#' && at > line && isspace((unsigned char)at[-1]))
			return true;
	}
	return quote != '\0';
}

static bool calls_it(const char *line, const char *interpreter)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		const char *word = calls[i].word, *at = line;

		if (fnmatch(calls[i].interpreters, interpreter, 0) != 0)
			continue;
		while ((at = strstr(at, word)) != NULL) {
			if (stands_alone(line, at, strlen(word), calls[i].not_after) && !is_text(line, at))
				return true;
			at++;
		}
	}
	return false;
}

/* Perl's manuals begin with =word at the line's begin and end with =cut; nothing after __END__ is code. */
static bool is_code(const char *line, bool *manual)
{
	const char *text = line + strspn(line, " \t");

	if (line[0] == '=' && isalpha((unsigned char)line[1]))
		*manual = strncmp(line, "=cut", 4) != 0;
	return !*manual && line[0] != '=' && *text != '#';
}

unsigned script_executes(const char *path, const char *interpreter)
{
	const char *slash = strrchr(interpreter, '/'), *name = slash ? slash + 1 : interpreter;
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	bool manual = false;
	unsigned n = 0, found = 0;

	while (f && !found && n < LINES_MOST && getline(&line, &size, f) > 0) {
		n++;
		if (strncmp(line, "__END__", 7) == 0 || strncmp(line, "__DATA__", 8) == 0)
			break;
		if (is_code(line, &manual) && calls_it(line, name))
			found = n;
	}
	free(line);
	if (f)
		fclose(f);
	return found;
}
