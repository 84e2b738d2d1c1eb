/* SPDX-License-Identifier: MIT */
/*
 * The groups: where in which program it goes wrong, which rule that breaks, and the lines to write instead.
 */
#include <stdlib.h>
#include <string.h>

#include "html_parts.h"
#include "words.h"
#include "words_place.h"

enum { OPEN_AT_FIRST = 5, FRAMES_SHOWN = 16, LINKS_SHOWN = 5 };

/* The colour of the whole group: that of the worst that is in it. */
static const char *tone_of(const struct group *group)
{
	if (group->lost)
		return "lost";
	if (group->kind == GROUP_OUT_OF_REACH)
		return "other";
	if (group->kind == GROUP_FAULT && !group->wrong)
		return group->cured ? "good" : "other";
	return "missing";
}

static void put_mark(FILE *out, const struct group *group)
{
	char number[NUMBER_SIZE];

	if (group->lost)
		fprintf(out, "<span class=\"mark lost\">data lost: %s</span>",
			words_number(number, group->lost));
	else if (group->kind == GROUP_OUT_OF_REACH)
		fputs("<span class=\"mark\">not known</span>", out);
	else if (group->kind != GROUP_FAULT)
		fputs("<span class=\"mark missing\">suffered</span>", out);
	else if (group->wrong)
		fprintf(out, "<span class=\"mark missing\">%s</span>",
			group->observed == group->wrong ? "observed" : "not cured");
	else if (group->cured)
		fputs("<span class=\"mark good\">cured</span>", out);
	else
		fputs("<span class=\"mark\">meant</span>", out);
}

/* "server.c:67, in serve()", and what of it is wrong below. */
static void put_summary(const struct page *page, const struct group *group, const struct rule *rule)
{
	char *place = words_place(&group->site, page->source);
	char number[NUMBER_SIZE];
	FILE *out = page->out;

	fprintf(out, "<summary><span class=\"count\">%s</span><h3 class=\"where\">",
		words_number(number, group->connections));
	if (group->site.call)
		html_text_put(out, "<code>", group->site.call, "()</code> ");
	html_text(out, place ? place : "no call site in the log");
	html_text_put(out, "<small>", group->program, ": ");
	html_text(out, rule->what);
	fputs("</small></h3>", out);
	put_mark(out, group);
	fputs("</summary>\n", out);
	free(place);
}

/* "called from" where a log was made with a backtrace. */
static void put_frame(const struct page *page, const struct frame *frame, bool innermost)
{
	const struct place *place = source_resolve(page->source, frame);
	char *text = words_place_of_frame(frame, page->source);
	FILE *out = page->out;

	html_text_put(out, innermost ? "<div><code>" : "<div>called from <code>", text, "</code></div>");
	free(text);
	if (!innermost)
		return;
	if (place->file)
		html_text_put(out, "<div class=\"soft\">", place->file, "</div>");
	if (place->inlined)
		html_text_put(out, "<div class=\"soft\">inlined into ", place->inlined, "</div>");
	if (place->code)
		html_text_put(out, "<pre class=\"code\"><code>", place->code, "</code></pre>");
	if (place->why)
		html_text_put(out, "<div class=\"soft\">", place->why, "</div>");
}

static void put_site(const struct page *page, const struct group *group)
{
	if (!group->site.count)
		return;
	fputs("<dt>Where</dt><dd>", page->out);
	for (size_t i = 0; i < group->site.count && i < FRAMES_SHOWN; i++)
		put_frame(page, &group->site.frames[i], i == 0);
	fputs("</dd>\n", page->out);
}

static void put_data(FILE *out, const struct group *group)
{
	char number[NUMBER_SIZE], bytes[BYTES_SIZE];
	const char *between = "";

	if (group->kind != GROUP_FAULT)
		return;
	fputs("<dt>Connections</dt><dd>", out);
	const struct {
		uint64_t count;
		const char *says;
	} parts[] = {{group->lost, "lost data"},
		     {group->data_unknown, "may have lost data"},
		     {group->resets, "reset by the close"},
		     {group->resets_possible, "reset if the peer sends more"},
		     {group->cured, "cured"},
		     {group->wrong - group->observed, "not cured"},
		     {group->observed, "only observed"},
		     {group->meant, "meant to abort"}};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!parts[i].count)
			continue;
		fprintf(out, "%s%s %s", between, words_number(number, parts[i].count), parts[i].says);
		if (i == 0 && group->lost_bytes)
			fprintf(out, " (at least %s)", words_bytes(bytes, (int64_t)group->lost_bytes));
		between = ", ";
	}
	if (!*between)
		fputs(words_number(number, group->connections), out);
	fputs("</dd>\n", out);
}

static void put_links(const struct page *page, const struct group *group)
{
	size_t shown = 0;

	for (size_t i = 0; i < group->stories_count && shown < LINKS_SHOWN; i++) {
		size_t index = html_stories_index(page, group->stories[i]);

		if (index == page->stories_count)
			continue;
		fprintf(page->out, "%s<a href=\"#c%zu\">", shown++ ? ", " : "<dt>For example</dt><dd>",
			index);
		html_text_put(page->out, "", group->stories[i]->id, "</a>");
	}
	if (shown)
		fputs("</dd>\n", page->out);
}

static void put_group(struct page *page, const struct group *group, bool open)
{
	const struct rule *rule = rules_for(group);
	char span[SPAN_SIZE];
	FILE *out = page->out;

	fprintf(out, "<details class=\"group %s\"%s>", tone_of(group), open ? " open" : "");
	put_summary(page, group, rule);
	fputs("<div><dl>\n", out);
	html_text_put(out, "<dt>Effect</dt><dd>", rule->effect, "</dd>\n");
	html_text_put(out, "<dt>Rule</dt><dd>", rule->broken, "</dd>\n");
	put_site(page, group);
	put_data(out, group);
	if (group->first > 0)
		fprintf(out, "<dt>When</dt><dd>%s</dd>\n", words_span(span, group->first, group->last));
	put_links(page, group);
	if (rule->elsewhere)
		html_text_put(out, "<dt>Mend it</dt><dd>", rule->elsewhere, "</dd>\n");
	if (rule->where && !rule->line)
		html_text_put(out, "<dt>Mend it</dt><dd>", rule->where, "</dd>\n");
	fputs("</dl>\n", out);
	html_lines_advice(page, group, rule);
	fputs("</div></details>\n", out);
}

void html_groups(struct page *page)
{
	const struct report *report = page->report;
	char number[NUMBER_SIZE];
	FILE *out = page->out;

	fputs("<section id=\"groups\">\n<h2>Where it goes wrong</h2>\n", out);
	if (!report->groups_count)
		fputs("<p class=\"nothing\">Nowhere in this log.</p>\n", out);
	else
		fputs("<p class=\"soft\">By program and call, the worst first. Who has two faults stands in two "
		      "groups, and with its loss in the worse one.</p>\n",
		      out);
	for (size_t i = 0; i < report->groups_count; i++)
		put_group(page, report->groups[i], i < OPEN_AT_FIRST);
	html_lines(page);
	if (report->groups_left_out)
		fprintf(out,
			"<p>%s more connections are in no group: there were too many different ones.</p>\n",
			words_number(number, report->groups_left_out));
	fputs("</section>\n", out);
}
