/* SPDX-License-Identifier: MIT */
/*
 * The lines to write instead: in each group the one line for that program, and, once for all groups, the functions that
 * such lines need.
 */
#include <string.h>

#include "html_parts.h"
#include "words.h"

/* The name that the line calls: "tls_goodbye" of "tls_goodbye(conn);". Our suggestions' functions begin with tls_. */
static size_t called(const char *line, const char **name)
{
	*name = line ? strstr(line, "tls_") : NULL;
	return *name ? strspn(*name, "abcdefghijklmnopqrstuvwxyz_") : 0;
}

/* Its number among those that the page needs, which grow by it. */
static size_t needed(struct page *page, const struct rule *rule)
{
	size_t i = 0;

	while (i < page->needed_count && page->needed[i]->lines != rule->lines)
		i++;
	if (i == page->needed_count && i < PAGE_NEEDED)
		page->needed[page->needed_count++] = rule;
	return i;
}

/* page.js gives a figure of this class its button, which copies what is in <pre>. */
static void put_figure(FILE *out, const char *lines)
{
	html_text_put(out, "<pre><code>", lines, "</code></pre></figure>\n");
}

void html_lines_advice(struct page *page, const struct group *group, const struct rule *rule)
{
	struct advice advice;
	FILE *out = page->out;
	const char *name;

	rules_advise(group, page->source, &advice);
	if (!advice.line[0])
		return;
	html_text_put(out, "<figure class=\"lines\"><figcaption>Write this ", rule->where ? rule->where : "",
		      "");
	if (advice.at && advice.at->file) {
		const char *slash = strrchr(advice.at->file, '/');
		fprintf(out, "; here: %s line %d of ", rules_replaces(rule) ? "instead of" : "before",
			advice.at->line);
		html_text_put(out, "<code>", slash ? slash + 1 : advice.at->file, "</code>");
	}
	if (rule->lines) {
		size_t length = called(rule->line, &name);
		fprintf(out, ". <a href=\"#lines%zu\">What <code>%.*s</code> is</a>", needed(page, rule),
			length ? (int)length : 2, length ? name : "it");
	}
	fputs(".</figcaption>", out);
	put_figure(out, advice.line);
}

void html_lines(const struct page *page)
{
	FILE *out = page->out;

	if (!page->needed_count)
		return;
	fputs("<h2 id=\"lines\">What these lines call</h2>\n", out);
	for (size_t i = 0; i < page->needed_count; i++) {
		const struct rule *rule = page->needed[i];
		const char *name;
		size_t length = called(rule->line, &name);

		fprintf(out, "<details class=\"needed\"><summary><code>%.*s</code>", (int)length,
			length ? name : "");
		html_text_put(out, " in ", rule->language ? rule->language : "C", "</summary>\n");
		fprintf(out,
			"<figure class=\"lines\" id=\"lines%zu\"><figcaption>To be pasted further up</figcaption>",
			i);
		put_figure(out, rule->lines);
		fputs("</details>\n", out);
	}
}
