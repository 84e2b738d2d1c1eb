/* SPDX-License-Identifier: MIT */
/*
 * The table of example connections, each with its ladder below its row. A connection is a tbody of two rows, so that
 * page.js moves and hides both at once; without a script the ladder is a <details>.
 *
 * data-key is what a column is sorted by: a number, a text, or nothing where the log does not tell it.
 */
#include <inttypes.h>
#include <string.h>

#include "html_parts.h"
#include "vocabulary.h"
#include "words.h"

enum { COLUMNS = 9 };

const struct standing html_table_standings[STANDINGS] = {
	{DATA_LOST_WORD, "data lost", "lost"}, {VERDICT_WRONG_WORD, "not cured", "missing"},
	{VERDICT_CURED_WORD, "cured", "good"}, {VERDICT_CLEAN_WORD, "clean", "good"},
	{"other", "other", "other"},
};

struct standing html_table_standing(const struct connection_story *story)
{
	static const struct {
		const char *verdict, *word;
	} others[] = {{VERDICT_MEANT_WORD, "meant"}, {VERDICT_FOREIGN_WORD, "another's"}};
	const struct record *end = story->end;
	struct standing other = html_table_standings[STANDINGS - 1];

	if (!end || !end->verdict) {
		other.word = "no end";
		return other;
	}
	if (strcmp(end->verdict, VERDICT_WRONG_WORD) == 0 && end->data &&
	    strcmp(end->data, DATA_LOST_WORD) == 0)
		return html_table_standings[0];
	for (int i = 1; i < STANDINGS - 1; i++)
		if (strcmp(html_table_standings[i].key, end->verdict) == 0)
			return html_table_standings[i];
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(others[i].verdict, end->verdict) == 0)
			other.word = others[i].word;
	return other;
}

/* --- cells --- */

static void put_text_cell(FILE *out, const char *text, const char *opening)
{
	html_text_put(out, "<td data-key=\"", text, "\">");
	html_text_put(out, opening, text, "</span></td>");
}

static void put_number_cell(FILE *out, int64_t number)
{
	char grouped[NUMBER_SIZE];

	if (number < 0)
		fputs("<td class=\"number\" data-key=\"\"></td>", out);
	else
		fprintf(out, "<td class=\"number\" data-key=\"%" PRId64 "\">%s</td>", number,
			words_number(grouped, (uint64_t)number));
}

static void put_ms_cell(FILE *out, double ms)
{
	if (ms < 0)
		fputs("<td class=\"number\" data-key=\"\"></td>", out);
	else
		fprintf(out, "<td class=\"number\" data-key=\"%.3f\">%.3f</td>", ms, ms);
}

/* The time of day; the whole of it for who points at it. */
static void put_begin_cell(FILE *out, double begin)
{
	char time[TIME_SIZE];
	const char *clock = strchr(words_time(time, begin), ' ');

	fprintf(out, "<td class=\"number\" data-key=\"%.6f\" title=\"%s\">%.12s</td>", begin, time,
		clock ? clock + 1 : time);
}

static void put_row(const struct page *page, size_t index, const struct steps *steps)
{
	const struct connection_story *story = page->stories[index];
	struct standing standing = html_table_standing(story);
	const struct record *end = story->end;
	FILE *out = page->out;

	fprintf(out, "<tbody id=\"c%zu\"><tr data-verdict=\"%s\">", index, standing.key);
	html_text_put(out, "<th scope=\"row\" data-key=\"", story->id, "\">");
	html_text_put(out, "<span class=\"mono nowrap\">", story->id, "</span></th>");
	fprintf(out, "<td data-key=\"%s\"><span class=\"mark %s\">%s</span></td>", standing.word,
		standing.tone, standing.word);
	put_text_cell(out, story->program, "<span class=\"mono name\">");
	put_text_cell(out, story->peer, "<span class=\"mono nowrap\">");
	put_begin_cell(out, steps->begin);
	put_ms_cell(out, (story->finish - steps->begin) * 1e3);
	put_number_cell(out, end ? end->unread : -1);
	put_number_cell(out, end ? end->lost_bytes : -1);
	put_ms_cell(out, end && end->drain_us >= 0 ? (double)end->drain_us / 1e3 : -1);
	fputs("</tr>\n", out);
}

static void put_connection(const struct page *page, size_t index)
{
	const struct connection_story *story = page->stories[index];
	struct steps *steps = steps_of(story, page->source);
	FILE *out = page->out;

	if (!steps)
		return;
	put_row(page, index, steps);
	fprintf(out, "<tr class=\"ladder\"><td colspan=\"%d\"><details><summary>ladder</summary>\n", COLUMNS);
	html_text_put(out, "<p>", steps->who, "");
	fputs(steps->observed ? ". Only observed, nothing was changed.</p>\n" : ".</p>\n", out);
	html_ladder(out, story, steps);
	html_text_put(out, "<p>", steps->words, "</p>\n");
	if (story->left_out)
		fprintf(out, "<p class=\"soft\">%" PRIu64 " later events are left out.</p>\n",
			story->left_out);
	if (steps->only_end)
		fputs("<p class=\"soft\">The log has only the end of this connection: with <code>--log-level=debug</code> more "
		      "has a time.</p>\n",
		      out);
	fputs("</details></td></tr></tbody>\n", out);
	steps_free(steps);
}

/* --- the whole --- */

/* Hidden until the script comes, without which it would do nothing. */
static void put_tools(const struct page *page)
{
	size_t counts[STANDINGS] = {0};
	FILE *out = page->out;

	for (size_t i = 0; i < page->stories_count; i++)
		for (int j = 0; j < STANDINGS; j++)
			counts[j] += strcmp(html_table_standing(page->stories[i]).key,
					    html_table_standings[j].key) == 0;
	fputs("<div class=\"tools\" id=\"tools\" hidden><input type=\"search\" id=\"filter\" placeholder=\"Filter: program, peer, id\" "
	      "aria-label=\"Filter the connections\"><div class=\"verdicts\" role=\"group\" aria-label=\"Verdicts\">"
	      "<button type=\"button\" data-verdict=\"\">all</button>",
	      out);
	for (int j = 0; j < STANDINGS; j++)
		if (counts[j])
			fprintf(out, "<button type=\"button\" data-verdict=\"%s\">%s</button>",
				html_table_standings[j].key, html_table_standings[j].word);
	fputs("</div><output id=\"shown\" for=\"filter\"></output></div>\n", out);
}

void html_table(const struct page *page)
{
	static const struct {
		const char *name, *attributes;
	} columns[COLUMNS] = {
		{"Connection", ""},
		{"Verdict", ""},
		{"Program", ""},
		{"Peer", ""},
		{"Began", " class=\"number\""},
		{"Lasted,<br>ms", " class=\"number\""},
		{"Bytes<br>unread", " class=\"number\""},
		{"Bytes<br>lost", " class=\"number\""},
		{"Drained,<br>ms", " class=\"number\""},
	};
	char number[NUMBER_SIZE];
	FILE *out = page->out;

	fputs("<section id=\"examples\">\n<h2>Connections</h2>\n", out);
	if (!page->stories_count) {
		fputs("<p class=\"nothing\">None.</p>\n</section>\n", out);
		return;
	}
	fprintf(out,
		"<p class=\"soft\">The worst %zu of each group, with what happened to them. Times are UTC.",
		page->report->stories_limit);
	if (page->stories_left_out)
		fprintf(out, " %s more are left out: a page of all of them would be too long to load.",
			words_number(number, page->stories_left_out));
	fputs("</p>\n", out);
	put_tools(page);
	fputs("<div class=\"scroll\"><table id=\"connections\">\n<caption>Example connections</caption>\n<thead><tr>",
	      out);
	for (int i = 0; i < COLUMNS; i++)
		fprintf(out, "<th scope=\"col\"%s>%s</th>", columns[i].attributes, columns[i].name);
	fputs("</tr></thead>\n", out);
	for (size_t i = 0; i < page->stories_count; i++)
		put_connection(page, i);
	fputs("</table></div>\n</section>\n", out);
}
