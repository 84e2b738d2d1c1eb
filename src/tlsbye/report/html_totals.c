/* SPDX-License-Identifier: MIT */
/*
 * The beginning and the end of the page: how many connections ended how, and what of the log could not be read.
 */
#include <inttypes.h>
#include <string.h>

#include "html_parts.h"
#include "words.h"

/* Those that are wrong, parted by what became of their data. The totals count lost ones among the wrong. */
static uint64_t wrong_and_lost(const struct totals *totals)
{
	return totals->lost < totals->wrong ? totals->lost : totals->wrong;
}

static void put_headline(FILE *out, const struct totals *totals)
{
	char number[NUMBER_SIZE], all[NUMBER_SIZE], bytes[BYTES_SIZE];

	words_number(all, totals->connections);
	fputs("<p class=\"headline\">", out);
	if (!totals->connections)
		fputs("No connection ended in this log.", out);
	else if (totals->lost)
		fprintf(out, "<b class=\"lost\">%s of %s connections lost data</b>: at least %s.",
			words_number(number, totals->lost), all,
			words_bytes(bytes, (int64_t)totals->lost_bytes));
	else if (totals->wrong)
		fprintf(out,
			"<b class=\"missing\">%s of %s connections were not ended as they should be.</b> "
			"None of them is known to have lost data.",
			words_number(number, totals->wrong), all);
	else if (totals->cured)
		fprintf(out,
			"<b class=\"good\">%s of %s connections were cured.</b> None is known to have lost data.",
			words_number(number, totals->cured), all);
	else if (totals->out_of_reach)
		fprintf(out, "Of %s of %s connections no socket is known: nor is how they ended.",
			words_number(number, totals->out_of_reach), all);
	else
		fputs("<b class=\"good\">Nothing was missing.</b>", out);
	fputs("</p>\n", out);
}

struct part {
	const char *key, *says;
	uint64_t count;
};
enum { PARTS = 5 };

static void put_bar(FILE *out, const struct part parts[PARTS], uint64_t all)
{
	double x = 0;

	fputs("<svg class=\"share\" viewBox=\"0 0 1000 12\" preserveAspectRatio=\"none\" role=\"img\">"
	      "<title>Shares of all connections</title>",
	      out);
	for (int i = 0; i < PARTS; i++) {
		double width = 1000.0 * (double)parts[i].count / (double)all;

		if (!parts[i].count)
			continue;
		fprintf(out, "<rect class=\"%s\" x=\"%.2f\" y=\"0\" width=\"%.2f\" height=\"12\"/>",
			parts[i].key, x, width > 2 ? width - 1 : width);
		x += width;
	}
	fputs("</svg>\n<ul class=\"key\">", out);
	for (int i = 0; i < PARTS; i++) {
		char number[NUMBER_SIZE];
		if (parts[i].count)
			fprintf(out, "<li><i class=\"%s\"></i><b>%s</b> %s</li>", parts[i].key,
				words_number(number, parts[i].count), parts[i].says);
	}
	fputs("</ul>\n", out);
}

static void put_counts(FILE *out, const struct report *report)
{
	const struct totals *t = &report->totals;
	const struct part counts[] = {
		{"", "resets by a close", t->resets},
		{"", "writes given up", t->abandoned},
		{"", "reads that failed", t->reads_failed},
		{"", "left by the peer in the handshake", t->left_in_handshake},
		{"", "ends that were hidden", t->hidden_ends},
		{"", "processes ended by a signal", t->killed},
		{"", "processes that ended without a word", t->unexplained},
		{"", "data perhaps lost", t->data_unknown},
		{"", "aborts that were meant", t->meant},
		{"", "without an end in the log", t->without_end},
		{"", "ended, not judged", t->undecided},
		{"", "through memory, without a socket that is known", t->out_of_reach},
		{"", "another holder's", t->foreign},
		{"", "handshakes", report->handshakes},
		{"", "of these resumed", report->resumed},
		{"", "processes", t->processes},
	};
	char number[NUMBER_SIZE];

	fputs("<dl class=\"counts\">\n", out);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (counts[i].count)
			fprintf(out, "<div><dt>%s</dt><dd>%s</dd></div>\n", counts[i].says,
				words_number(number, counts[i].count));
	for (size_t i = 0; i < report->versions_count; i++) {
		html_text_put(out, "<div><dt>", report->versions[i].name, "</dt>");
		fprintf(out, "<dd>%s</dd></div>\n", words_number(number, report->versions[i].count));
	}
	fputs("</dl>\n", out);
}

void html_totals(const struct page *page)
{
	const struct totals *t = &page->report->totals;
	uint64_t lost = wrong_and_lost(t), judged = t->wrong + t->cured + t->clean;
	const struct part parts[PARTS] = {
		{"lost", "lost data", lost},
		{"missing", "not ended as they should be", t->wrong - lost},
		{"cured", "cured", t->cured},
		{"good", "clean", t->clean},
		{"other", "else", t->connections > judged ? t->connections - judged : 0},
	};

	fputs("<section id=\"totals\">\n", page->out);
	put_headline(page->out, t);
	if (t->connections)
		put_bar(page->out, parts, t->connections);
	put_counts(page->out, page->report);
	if (page->report->no_debug)
		fputs("<p class=\"soft\">The log holds no debug events: connections that ended well may be missing from it. "
		      "<code>--log-level=debug</code> tells all of them.</p>\n",
		      page->out);
	fputs("</section>\n", page->out);
}

void html_totals_skipped(const struct page *page)
{
	const struct report *report = page->report;
	char number[NUMBER_SIZE];
	FILE *out = page->out;

	fputs("<section id=\"skipped\">\n<h2>What was not read</h2>\n", out);
	if (!report->lines_skipped) {
		fputs("<p class=\"nothing\">Every line of the log was read.</p>\n</section>\n", out);
		return;
	}
	fprintf(out, "<p>%s of ", words_number(number, report->lines_skipped));
	fprintf(out, "%s lines were skipped.</p>\n", words_number(number, report->lines));
	fputs("<div class=\"scroll\"><table>\n<caption>Lines that were skipped</caption>\n<thead><tr><th class=\"number\">Lines</th>"
	      "<th>Why</th><th>The first one</th></tr></thead>\n<tbody>\n",
	      out);
	for (size_t i = 0; i < report->skipped_count; i++) {
		const struct skipped *skipped = &report->skipped[i];

		if (!skipped->lines)
			continue;
		fprintf(out, "<tr><td class=\"number\">%s</td>", words_number(number, skipped->lines));
		html_text_put(out, "<td>", skipped->reason, "");
		if (skipped->hint)
			html_text_put(out, "<br><span class=\"soft\">", skipped->hint, "</span>");
		html_text_put(out, "</td><td><code>", skipped->file ? skipped->file : "?", "");
		fprintf(out, ":%" PRIu64 "</code></td></tr>\n", skipped->line);
	}
	fputs("</tbody>\n</table></div>\n</section>\n", out);
}
