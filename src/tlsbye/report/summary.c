/* SPDX-License-Identifier: MIT */
/*
 * The report for people. First what the connections came to, then the groups, the worst first and in full, the others a
 * line each, then what could not be read. What is nothing is not printed.
 */
#include "summary.h"

#include <string.h>

#include "rules.h"
#include "summary_group.h"
#include "words.h"

enum { IN_FULL = 3 }; /* groups; so many fill a screen */

static void count(const struct page *page, const char *indent, uint64_t number, const char *what)
{
	char digits[NUMBER_SIZE];

	if (number > 0)
		fprintf(page->out, "%s%10s  %s\n", indent, words_number(digits, number), what);
}

static void title(const struct page *page, const struct report *report)
{
	const struct totals *totals = &report->totals;
	char number[NUMBER_SIZE], processes[NUMBER_SIZE], span[SPAN_SIZE];

	fprintf(page->out, "%s%s connection%s", page->bold, words_number(number, totals->connections),
		totals->connections == 1 ? "" : "s");
	if (totals->processes > 1)
		fprintf(page->out, " of %s processes", words_number(processes, totals->processes));
	for (size_t i = 0; i < report->programs_count && i < 3; i++)
		fprintf(page->out, "%s%s", i ? ", " : " of ", report->programs[i].name);
	if (report->programs_count > 3)
		fputs(" ...", page->out);
	fprintf(page->out, "%s, %s\n", page->plain, words_span(span, totals->first, totals->last));
}

static void totals(const struct page *page, const struct report *report)
{
	const struct totals *t = &report->totals;
	char number[NUMBER_SIZE], text[128];

	count(page, "", t->clean, "clean");
	count(page, "", t->cured, "cured by tlsbye: the program ended them wrong");
	count(page, "", t->wrong, "wrong, and not cured");
	count(page, "", t->meant, "aborted, as the program wanted it");
	count(page, "", t->without_end,
	      "without an end: still open, or the process was killed, or the log is cut, or no hook saw the close");
	count(page, "", t->undecided, "whose end is not in the log");
	count(page, "", t->out_of_reach,
	      "with TLS through memory: no socket of them is known, nor how they ended");
	snprintf(text, sizeof(text), "truncated: data is lost, at least %s bytes",
		 words_number(number, t->lost_bytes));
	if (t->lost + t->data_unknown + t->resets + t->abandoned + t->reads_failed + t->hidden_ends +
		    t->left_in_handshake + t->untold >
	    0)
		fputs("Among them:\n", page->out);
	count(page, "", t->lost, text);
	count(page, "", t->data_unknown, "where data may be lost");
	count(page, "", t->resets, "reset by this side");
	count(page, "", t->abandoned, "with a write that was given up");
	count(page, "", t->reads_failed, "with a read that failed");
	count(page, "", t->left_in_handshake,
	      "that the peer left in the handshake, before any data (a health check, a port scan, a refusal)");
	count(page, "", t->hidden_ends, "with a missing close_notify that OpenSSL was told to ignore");
	count(page, "", t->untold, "that were too many at a time to tell whether they ended");
	if (t->killed > 0)
		fprintf(page->out, "%s process%s ended by a signal.\n", words_number(number, t->killed),
			t->killed == 1 ? " was" : "es were");
	if (t->unexplained > 0)
		fprintf(page->out,
			"%s process%s ended without a word: what connections were open then is not known.\n",
			words_number(number, t->unexplained), t->unexplained == 1 ? "" : "es");
	if (t->foreign > 0)
		fprintf(page->out,
			"Not counted: %s that another holder has (a forked process, a copy sent away).\n",
			words_number(number, t->foreign));
}

/* "TLSv1.3 900, TLSv1.2 100; TLS_AES_256_GCM_SHA384 ..." */
static void handshakes(const struct page *page, const struct report *report)
{
	char number[NUMBER_SIZE];

	if (report->handshakes == 0)
		return;
	fprintf(page->out, "Handshakes: %s", words_number(number, report->handshakes));
	for (size_t i = 0; i < report->versions_count; i++)
		fprintf(page->out, "%s %s %s", i ? "," : ":", words_number(number, report->versions[i].count),
			report->versions[i].name);
	fprintf(page->out, "; %s resumed\n", words_number(number, report->resumed));
}

static void skipped(const struct page *page, const struct report *report)
{
	char number[NUMBER_SIZE];

	if (report->lines_skipped == 0)
		return;
	fprintf(page->out, "\nSkipped, of %s line%s:\n", words_number(number, report->lines),
		report->lines == 1 ? "" : "s");
	for (size_t i = 0; i < report->skipped_count; i++) {
		const struct skipped *s = &report->skipped[i];

		if (s->lines == 0)
			continue;
		fprintf(page->out, "%10s  %s (%s%s:%llu)", words_number(number, s->lines), s->reason,
			s->lines > 1 ? "first " : "", s->file, (unsigned long long)s->line);
		if (s->hint)
			fprintf(page->out, "; %s", s->hint);
		fputc('\n', page->out);
	}
}

static void groups(const struct page *page, const struct report *report)
{
	char number[NUMBER_SIZE];
	bool calls_functions = false;

	for (size_t i = 0; i < report->groups_count; i++) {

		if (i < IN_FULL)
			summary_group_in_full(page, report, i);
		else
			summary_group_in_short(page, report->groups[i], i, i == IN_FULL);
		calls_functions |= rules_for(report->groups[i])->lines != NULL;
	}
	if (report->groups_left_out > 0)
		fprintf(page->out, "%s more are in no group: there are too many different places.\n",
			words_number(number, report->groups_left_out));
	if (calls_functions)
		summary_group_paragraph(page, "",
					"\nThe functions that these lines call: tlsbye report --lines %s",
					report->files[0]);
}

/* Of what has no end, or is not here, nobody knows that it was right. */
static void nothing_wrong(const struct page *page, const struct report *report)
{
	const struct totals *totals = &report->totals;
	char number[NUMBER_SIZE];
	uint64_t unknown = totals->without_end + totals->untold;

	if (unknown == 0 && totals->undecided + totals->unexplained + report->lines_lost > 0)
		fputs("Nothing is known to be wrong, but not everything was seen.\n", page->out);
	else if (unknown == 0)
		fputs("Nothing wrong was found.\n", page->out);
	else
		summary_group_paragraph(
			page, "",
			"Nothing is known to be wrong, but of %s connection%s the end was not seen. The likely ways: the "
			"process was killed; a close by a system call of the program's own, by io_uring or by a library that "
			"comes before this one; SSL_free() in a libssl that calls itself (-Bsymbolic); a log that the process "
			"could not write to. tlsbye check tells of some of them.",
			words_number(number, unknown), unknown == 1 ? "" : "s");
}

void summary_print(FILE *out, const struct report *report, struct source *source, struct screen screen)
{
	const struct page page = {.out = out,
				  .source = source,
				  .width = screen.width <= 0 || screen.width > 110 ? 100 : screen.width,
				  .bold = screen.color ? "\033[1m" : "",
				  .red = screen.color ? "\033[1;31m" : "",
				  .plain = screen.color ? "\033[0m" : ""};

	if (report->totals.events == 0) {
		fputs("No event.\n", out);
	} else {
		title(&page, report);
		totals(&page, report);
		handshakes(&page, report);
	}
	if (report->no_debug)
		summary_group_paragraph(
			&page, "",
			"Only events of level info and above are here: of connections that went well nothing may have "
			"been logged (--log-level=debug logs all).");
	if (report->totals.events == 0)
		summary_group_paragraph(
			&page, "",
			"Had the program TLS that can be reached? tlsbye check tells. Where it changes its user, that "
			"one has to be allowed to write to the log.");
	if (report->totals.events > 0 && report->groups_count == 0)
		nothing_wrong(&page, report);
	groups(&page, report);
	skipped(&page, report);
}

void summary_lines(FILE *out, const struct report *report)
{
	const char *shown[32];
	size_t count_shown = 0;

	for (size_t i = 0; i < report->groups_count; i++) {
		const char *lines = rules_for(report->groups[i])->lines;
		bool known = !lines || count_shown == sizeof(shown) / sizeof(shown[0]);

		for (size_t k = 0; k < count_shown && !known; k++)
			known = shown[k] == lines;
		if (known)
			continue;
		fprintf(out, "%s%s", count_shown ? "\n" : "", lines);
		shown[count_shown++] = lines;
	}
}
