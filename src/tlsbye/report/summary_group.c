/* SPDX-License-Identifier: MIT */
/*
 * What, how often, where, which rule, what to write, and which connections to look at.
 */
#include "summary_group.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"
#include "words.h"
#include "words_place.h"

enum { INDENT = 3 };

void summary_group_paragraph(const struct page *page, const char *indent, const char *format, ...)
{
	int column = 0, width = page->width - 1;
	char *text, *save = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (!text)
		return;
	if (*text == '\n')
		fputc('\n', page->out);
	for (char *word = strtok_r(text, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
		int length = (int)strlen(word);

		if (column > 0 && column + 1 + length > width) {
			fputc('\n', page->out);
			column = 0;
		}
		if (column == 0)
			column = fprintf(page->out, "%s%s", indent, word);
		else
			column += fprintf(page->out, " %s", word);
	}
	fputc('\n', page->out);
	free(text);
}

/* "45 connections, 12 lost data (at least 480,000 bytes), 45 reset" */
static char *figures(const struct group *group)
{
	char a[NUMBER_SIZE], b[NUMBER_SIZE], c[NUMBER_SIZE], d[NUMBER_SIZE], e[NUMBER_SIZE];
	char lost[128] = "", resets[64] = "", cured[64] = "";

	if (group->kind == GROUP_KILLED)
		return words("%s process%s", words_number(a, group->connections),
			     group->connections == 1 ? "" : "es");

	if (group->lost > 0)
		snprintf(lost, sizeof(lost), ", %s lost data (at least %s bytes)",
			 words_number(b, group->lost), words_number(c, group->lost_bytes));
	if (group->resets > 0)
		snprintf(resets, sizeof(resets), ", %s reset", words_number(d, group->resets));
	if (group->cured > 0)
		snprintf(cured, sizeof(cured), ", %s cured by tlsbye", words_number(e, group->cured));
	return words("%s connection%s%s%s%s", words_number(a, group->connections),
		     group->connections == 1 ? "" : "s", lost, resets, cured);
}

static void heading(const struct page *page, const struct group *group, size_t number)
{
	char *text = figures(group);

	fprintf(page->out, "%s%zu. %s: %s%s: %s%s\n", page->bold, number + 1, group->program,
		group->lost > 0 ? page->red : "", group->code, page->plain, text ? text : "");
	free(text);
}

static bool in_libtlsbye(const struct place *place)
{
	return place->object && strstr(place->object, "libtlsbye");
}

/* "SSL_free()  serve() at server.c:67", and the line itself; with a backtrace, from where that was called. */
static void site(const struct page *page, const struct site *site)
{
	const struct place *place;

	if (site->count == 0)
		return;
	place = source_resolve(page->source, &site->frames[0]);
	fprintf(page->out, "   %s%s()%s  %s\n", page->bold, site->call, page->plain,
		place->text ? place->text : "?");
	if (place->code)
		fprintf(page->out, "       %s\n", place->code);
	for (size_t i = 1; i < site->count && i < 4; i++) {
		place = source_resolve(page->source, &site->frames[i]);
		if (!in_libtlsbye(place))
			fprintf(page->out, "       from %s\n", place->text ? place->text : "?");
	}
}

static void no_site(const struct page *page, const struct group *group)
{
	const struct record *example = group->example;

	if (group->site.count == 0 && group->kind != GROUP_KILLED && group->kind != GROUP_OUT_OF_REACH)
		fprintf(page->out, "   no call site was logged%s%s\n",
			example->doors ? "; it let go by " : "", example->doors ? example->doors : "");
}

/* What OpenSSL and the kernel said, of the worst one. */
static void words_of_failure(const struct page *page, const struct record *example)
{
	if (example->kind == EVENT_END || !example->error)
		return;
	summary_group_paragraph(page, "   ", "%s() said %s%s%s%s%s",
				example->call ? example->call : "The call", example->error,
				example->error_number ? ", " : "",
				example->error_number ? example->error_number : "",
				example->reason ? ", " : "", example->reason ? example->reason : "");
}

/* Is it the line, at the place, that one of the groups above has shown already? */
static bool shown_above(const struct page *page, const struct report *report, size_t number,
			const struct advice *advice)
{
	for (size_t i = 0; i < number; i++) {
		struct advice above;

		rules_advise(report->groups[i], page->source, &above);
		if (strcmp(report->groups[i]->program, report->groups[number]->program) == 0 &&
		    strcmp(above.line, advice->line) == 0 && above.at == advice->at)
			return true;
	}
	return false;
}

static void advice(const struct page *page, const struct report *report, size_t number)
{
	const struct group *group = report->groups[number];
	const struct rule *rule = rules_for(group);
	struct advice advice;

	rules_advise(group, page->source, &advice);
	if (*advice.line && shown_above(page, report, number, &advice)) {
		fprintf(page->out, "   The line above, %s, cures this as well.\n", advice.line);
		return;
	}
	if (rule->elsewhere)
		summary_group_paragraph(page, "   ", "Do it %s.", rule->elsewhere);
	if (*advice.probe)
		fprintf(page->out, "   Ask the other side how it ends: %s\n", advice.probe);
	if (rule->where)
		summary_group_paragraph(page, "   ", "%s %s%s", *advice.line ? "Write" : "Do it", rule->where,
					*advice.line ? ":" : ".");
	if (*advice.line && advice.at && advice.at->file)
		fprintf(page->out, "       %s%s%s    (%s line %d of %s)\n", page->bold, advice.line,
			page->plain, rules_replaces(rule) ? "instead of" : "before", advice.at->line,
			advice.at->file);
	else if (*advice.line)
		fprintf(page->out, "       %s%s%s\n", page->bold, advice.line, page->plain);
}

static void examples(const struct page *page, const struct report *report, const struct group *group)
{
	if (group->stories_count == 0) /* of a process */
		return;
	fprintf(page->out, "   Look at one: tlsbye report --connection %s %s%s\n", group->stories[0]->id,
		report->files[0], report->files_count > 1 ? " ..." : "");
}

void summary_group_in_full(const struct page *page, const struct report *report, size_t number)
{
	const struct group *group = report->groups[number];
	const struct rule *rule = rules_for(group);

	fputc('\n', page->out);
	heading(page, group, number);
	site(page, &group->site);
	no_site(page, group);
	words_of_failure(page, group->example);
	summary_group_paragraph(page, "   ", "%c%s: %s.", rule->what[0] & ~0x20, rule->what + 1,
				rule->effect);
	summary_group_paragraph(page, "   ", "Rule: %s.", rule->broken);
	advice(page, report, number);
	examples(page, report, group);
}

void summary_group_in_short(const struct page *page, const struct group *group, size_t number, bool first)
{
	char *place = words_place(&group->site, page->source), *text = figures(group);

	fprintf(page->out, "%s%zu. %s: %s: %s", first ? "\n" : "", number + 1, group->program, group->code,
		text ? text : "");
	if (place)
		fprintf(page->out, "; %s() %s", group->site.call, place);
	if (group->stories_count > 0)
		fprintf(page->out, " (%s)", group->stories[0]->id);
	fputc('\n', page->out);
	free(place);
	free(text);
}
