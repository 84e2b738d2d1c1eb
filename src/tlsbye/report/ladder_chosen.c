/* SPDX-License-Identifier: MIT */
/*
 * `tlsbye report --connection ID`: which connections are meant. An ID that is not in the log is most likely mistyped, or
 * of another log: the nearest of those that the groups have as examples are named, and how to find the others.
 */
#include "ladder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../cli.h"
#include "words.h"

enum { NAMED = 5 };

/* "1234.5" is pid 1234, connection 5. */
struct number {
	intmax_t pid, connection;
};

static struct number number_of(const char *id)
{
	char *dot;
	struct number number = {.pid = strtoimax(id, &dot, 10)};

	number.connection = *dot == '.' ? strtoimax(dot + 1, NULL, 10) : 0;
	return number;
}

/* The same process is nearer than any other. */
static double distance(struct number a, struct number b)
{
	double pids = (double)a.pid - (double)b.pid,
	       connections = (double)a.connection - (double)b.connection;

	pids = pids < 0 ? -pids : pids;
	connections = connections < 0 ? -connections : connections;
	return pids * 1e9 + (connections < 1e9 ? connections : 1e9 - 1);
}

/* It goes to a terminal, out of a log: digits and what we put between them. */
static bool is_plain(const char *id)
{
	return *id && !id[strspn(id, "0123456789.#")];
}

struct near {
	const char *id;
	double distance;
};

/* A place among the nearest, where it is one of them and new. */
static void consider(struct near nearest[NAMED], const char *id, double far)
{
	int place = 0;

	for (int i = 0; i < NAMED; i++)
		if (nearest[i].id && strcmp(nearest[i].id, id) == 0)
			return;
	while (place < NAMED && nearest[place].id && nearest[place].distance <= far)
		place++;
	if (place == NAMED)
		return;
	memmove(&nearest[place + 1], &nearest[place], (size_t)(NAMED - 1 - place) * sizeof(*nearest));
	nearest[place] = (struct near){.id = id, .distance = far};
}

void ladder_chosen_unknown(const struct report *report, const char *id)
{
	struct near nearest[NAMED] = {{0}};
	struct number wanted = number_of(id);
	char list[NAMED * 32] = "";
	size_t length = 0;

	for (size_t i = 0; i < report->groups_count; i++)
		for (size_t j = 0; j < report->groups[i]->stories_count; j++) {
			const char *other = report->groups[i]->stories[j]->id;
			if (is_plain(other) && strlen(other) < 30)
				consider(nearest, other, distance(wanted, number_of(other)));
		}
	for (int i = 0; i < NAMED && nearest[i].id; i++)
		length += (size_t)snprintf(list + length, sizeof(list) - length, "%s%s", i ? ", " : "",
					   nearest[i].id);
	if (length)
		cli_say("%s: no connection of this log; among others there are %s", id, list);
	else
		cli_say("%s: no connection of this log", id);
	cli_say("each event has its connection's \"id\"; 'tlsbye report FILE' names examples for each group");
}

char *ladder_chosen_id(const char *asked)
{
	return strndup(asked, strcspn(asked, "#"));
}

bool ladder_chosen_print(FILE *out, const struct report *report, const char *asked, struct source *source,
			 bool color, int width)
{
	const char *mark = strchr(asked, '#');
	unsigned long only = mark ? strtoul(mark + 1, NULL, 10) : 0;
	size_t printed = 0;

	for (size_t i = 0; i < report->chosen_count; i++) {
		const struct connection_story *story = report->chosen[i];
		char *name;

		if (mark && only != i + 1)
			continue;
		name = report->chosen_count > 1 ? words("%s#%zu", story->id, i + 1) : strdup(story->id);
		if (printed++)
			fputc('\n', out);
		ladder_print_as(out, story, name ? name : story->id, source, color, width);
		free(name);
	}
	if (!printed && report->chosen_count)
		cli_say("%s: of this id the log has %zu", asked, report->chosen_count);
	else if (!printed)
		ladder_chosen_unknown(report, asked);
	return printed > 0;
}
