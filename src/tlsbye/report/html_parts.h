/* SPDX-License-Identifier: MIT */
/*
 * Among the files that write the page (html.h): what they share, and who writes which part.
 *
 * Rules: every string that may come from a log, or be a path, goes through html_text() or html_text_put(). Literal
 * markup goes through fputs or fprintf, whose arguments are numbers and our own words only.
 */
#ifndef TLSBYE_REPORT_HTML_PARTS_H
#define TLSBYE_REPORT_HTML_PARTS_H

#include <stdio.h>

#include "model.h"
#include "rules.h"
#include "source.h"
#include "steps.h"

enum {
	PAGE_NEEDED = 16,
	PAGE_STORIES = 1000 /* a ladder has 3 to 6 KB of markup: more than a reader looks at */
};

struct page {
	FILE *out;
	const struct report *report;
	struct source *source;
	/* The connections of the table, each once, the worst group's first; their element's id is "c" and the index. */
	const struct connection_story **stories;
	size_t stories_count;
	size_t stories_left_out;
	/* What the suggested lines need, each once, in the order of the groups; its element's id is "lines" and the index. */
	const struct rule *needed[PAGE_NEEDED];
	size_t needed_count;
};

/* What a connection is to the reader: the word, the colour's class, the key of the filter. */
struct standing {
	const char *key, *word, *tone;
};
struct standing html_table_standing(const struct connection_story *story);
enum { STANDINGS = 5 };
extern const struct standing html_table_standings[STANDINGS];

/* html_text.c */
void html_text(FILE *out, const char *text); /* escaped; nothing for NULL */
void html_text_put(FILE *out, const char *before, const char *text,
		   const char *after); /* text alone is escaped */

void html_totals(const struct page *page);         /* html_totals.c */
void html_totals_skipped(const struct page *page); /* html_totals.c */
void html_groups(struct page *page);               /* html_groups.c */
void html_lines_advice(struct page *page, const struct group *group,
		       const struct rule *rule); /* html_lines.c */
void html_lines(const struct page *page);        /* html_lines.c */
void html_chart(const struct page *page);        /* html_chart.c */
void html_table(const struct page *page);        /* html_table.c */
void html_ladder(FILE *out, const struct connection_story *story,
		 const struct steps *steps); /* html_ladder.c */

/* html_stories.c */
bool html_stories_choose(struct page *page); /* false: no memory */
/* Where it is among page->stories; stories_count where it is not. */
size_t html_stories_index(const struct page *page, const struct connection_story *story);

#endif
