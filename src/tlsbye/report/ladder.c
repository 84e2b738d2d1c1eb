/* SPDX-License-Identifier: MIT */
/*
 * The ladder for a terminal: lanes from top to bottom, a row of characters for each arrow, its notes below it. A row is
 * painted cell by cell, the lanes first, so that a later stroke covers an earlier one; then it is printed.
 *
 * Rules: what comes from a log is printed by its code points only (no control character reaches the terminal); without
 * a UTF-8 locale all of it is ASCII. No row is wider than the terminal.
 */
#include "ladder.h"

#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "steps.h"
#include "words.h"

enum { NARROWEST = 80, WIDEST = 120, GAP = 2 };

/* One character on the screen. Ours are drawn as UTF-8 or as what resembles them; those of texts are as they are. */
struct cell {
	char text[5];
	enum tone tone;
	bool faint;
};

struct drawing {
	FILE *out;
	const struct steps *steps;
	bool color, utf8;
	int width, time_width;
	int lane[LANES]; /* their columns */
	struct cell row[WIDEST + 1];
};

/* --- characters --- */

enum glyph { LANE, LINE, DASH, RIGHT, LEFT, CROSS, DOT };
static const char *const glyphs[][2] = {
	[LANE] = {"|", "\u2502"},  [LINE] = {"-", "\u2500"}, [DASH] = {"-", "\u2500"},
	[RIGHT] = {">", "\u25ba"}, [LEFT] = {"<", "\u25c4"}, [CROSS] = {"x", "\u2717"},
	[DOT] = {"*", "\u2022"},
};

static bool locale_is_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8 = locale && strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;

	if (locale)
		freelocale(locale);
	return utf8;
}

/* The length of the character at text; 1 for what is none. */
static int character(const char *text)
{
	unsigned char lead = (unsigned char)text[0];
	int length = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1;

	for (int i = 1; i < length; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 1;
	return length;
}

static int characters(const char *text)
{
	int count = 0;

	for (; *text; text += character(text))
		count++;
	return count;
}

/* C0, DEL and C1, which move cursors and change colours, and what is no character. */
static bool may_be_shown(const struct drawing *d, const char *text, int length)
{
	unsigned char lead = (unsigned char)text[0];

	if (length == 1)
		return lead >= 0x20 && lead < 0x7f;
	return d->utf8 && !(lead == 0xc2 && (unsigned char)text[1] < 0xa0);
}

/* --- a row --- */

static void put(struct drawing *d, int column, const char *text, int length, enum tone tone, bool faint)
{
	struct cell *cell;

	if (column < 0 || column >= d->width)
		return;
	cell = &d->row[column];
	memcpy(cell->text, text, (size_t)length);
	cell->text[length] = '\0';
	cell->tone = tone;
	cell->faint = faint;
}

static void put_glyph(struct drawing *d, int column, enum glyph glyph, enum tone tone, bool faint)
{
	const char *text = glyphs[glyph][d->utf8];
	put(d, column, text, (int)strlen(text), tone, faint);
}

/* At most count characters of text. Returns the column behind. */
static int put_text(struct drawing *d, int column, const char *text, int count, enum tone tone, bool faint)
{
	for (; *text && count > 0; count--, column++) {
		int length = character(text);
		bool shown = may_be_shown(d, text, length);

		put(d, column, shown ? text : "?", shown ? length : 1, tone, faint);
		text += length;
	}
	return column;
}

static void begin_row(struct drawing *d)
{
	for (int i = 0; i < d->width; i++)
		put(d, i, " ", 1, TONE_PLAIN, false);
	for (int i = 0; i < LANES; i++)
		put_glyph(d, d->lane[i], LANE, TONE_PLAIN, true);
}

/* The terminal's colours: the same three meanings as the page's. */
static const char *color_of(const struct cell *cell)
{
	static const char *const colors[] = {[TONE_PLAIN] = "",
					     [TONE_GOOD] = "\033[32m",
					     [TONE_MISSING] = "\033[33m",
					     [TONE_LOST] = "\033[31m"};
	return cell->faint ? "\033[2m" : colors[cell->tone];
}

static void end_row(struct drawing *d)
{
	const char *now = "";
	int length = d->width;

	while (length > 0 && strcmp(d->row[length - 1].text, " ") == 0)
		length--;
	for (int i = 0; i < length; i++) {
		const char *color = d->color && strcmp(d->row[i].text, " ") != 0 ? color_of(&d->row[i]) : now;

		if (strcmp(color, now) != 0)
			fprintf(d->out, "%s%s", *now ? "\033[0m" : "", color);
		now = color;
		fputs(d->row[i].text, d->out);
	}
	fprintf(d->out, "%s\n", *now ? "\033[0m" : "");
}

/* --- text that may need several rows --- */

/* How many characters of text go on a row of `room`, broken at a space where there is one. */
static int fits(const char *text, int room)
{
	int count = 0, broken = 0;

	for (; *text && count < room; count++, text += character(text))
		if (*text == ' ')
			broken = count;
	return !*text || *text == ' ' || !broken ? count : broken;
}

/* Skips count characters, and the spaces behind them. */
static const char *behind(const char *text, int count)
{
	while (count-- > 0)
		text += character(text);
	return text + strspn(text, " ");
}

static void print_note(struct drawing *d, const char *text, int from, int to)
{
	while (*text) {
		int count = fits(text, to - from);

		begin_row(d);
		put(d, from - 1, " ", 1, TONE_PLAIN, false);
		put(d, put_text(d, from, text, count, TONE_PLAIN, true), " ", 1, TONE_PLAIN, false);
		end_row(d);
		text = behind(text, count);
	}
}

static void print_paragraph(struct drawing *d, const char *text, enum tone tone)
{
	while (*text) {
		int count = fits(text, d->width);

		for (int i = 0; i < d->width; i++)
			put(d, i, " ", 1, TONE_PLAIN, false);
		put_text(d, 0, text, count, tone, false);
		end_row(d);
		text = behind(text, count);
	}
}

/* --- steps --- */

static void put_time(struct drawing *d, const struct step *step)
{
	char time[32];

	if (step->ms < 0)
		return;
	snprintf(time, sizeof(time), "%*.3f", d->time_width, step->ms);
	put_text(d, 0, time, d->time_width, TONE_PLAIN, false);
}

static void put_arrow(struct drawing *d, const struct step *step, int left, int right)
{
	bool rightwards = step->to > step->from;

	for (int i = left + 1; i < right; i++)
		if (step->would && (rightwards ? i - left : right - i) % 2 == 0)
			put(d, i, " ", 1, TONE_PLAIN, false);
		else
			put_glyph(d, i, LINE, step->tone, false);
	if (rightwards || step->both_ways)
		put_glyph(d, right - 1, RIGHT, step->tone, false);
	if (!rightwards || step->both_ways)
		put_glyph(d, left + 1, LEFT, step->tone, false);
}

static void put_label(struct drawing *d, const char *label, int column, enum tone tone)
{
	int length = characters(label);

	put(d, column - 1, " ", 1, TONE_PLAIN, false);
	put_text(d, column, label, length, tone, false);
	if (column + length != d->lane[LANE_PEER]) /* nothing stands behind the last lane */
		put(d, column + length, " ", 1, TONE_PLAIN, false);
}

/* On the arrow, near its source; above it where it is too long for that. */
static void print_arrow(struct drawing *d, const struct step *step, int left, int right)
{
	const char *label = step->label ? step->label : "";
	int length = characters(label);
	bool roomy =
		!step->would && length + 7 <= right - left; /* two dashes before the label, otherwise one */
	bool inside = length + 5 <= right - left;

	begin_row(d);
	put_time(d, step);
	if (!inside) {
		for (; *label && (int)characters(label) > d->width - left - GAP;) {
			int count = fits(label, d->width - left - GAP - 1);
			put(d, left + GAP - 1, " ", 1, TONE_PLAIN, false);
			put_text(d, left + GAP, label, count, step->tone, false);
			end_row(d);
			begin_row(d);
			label = behind(label, count);
		}
		put_label(d, label, left + GAP, step->tone);
		end_row(d);
		begin_row(d);
	}
	put_arrow(d, step, left, right);
	int lead = roomy ? 4 : 3;
	if (inside)
		put_label(d, label, step->to > step->from ? left + lead : right + 1 - lead - length,
			  step->tone);
	end_row(d);
}

/* Something that happens, or fails to, in one place. Beside the last lane there is room on the left only. */
static void print_mark(struct drawing *d, const struct step *step)
{
	int column = d->lane[step->from];
	int length = characters(step->label ? step->label : "");

	begin_row(d);
	put_time(d, step);
	put_glyph(d, column, step->tone == TONE_PLAIN ? DOT : CROSS, step->tone, false);
	put_label(d, step->label ? step->label : "",
		  step->from == LANE_PEER ? column - GAP - length : column + GAP, step->tone);
	end_row(d);
}

static void print_step(struct drawing *d, const struct step *step)
{
	enum lane first = step->from < step->to ? step->from : step->to;
	enum lane last = step->from < step->to ? step->to : step->from;

	if (first == last)
		print_mark(d, step);
	else
		print_arrow(d, step, d->lane[first], d->lane[last]);
	if (first == LANE_PEER)
		first = LANE_KERNEL;
	for (int i = 0; i < STEP_NOTES && step->notes[i]; i++)
		print_note(d, step->notes[i], d->lane[first] + GAP, d->lane[LANE_PEER] - 1);
}

/* --- the whole --- */

static void lay_out(struct drawing *d, int width)
{
	const char *columns = getenv("COLUMNS");
	char time[32];

	if (width <= 0 && columns)
		width = atoi(columns);
	d->width = width < NARROWEST ? NARROWEST : width > WIDEST ? WIDEST : width;
	d->time_width = 8;
	for (size_t i = 0; i < d->steps->count; i++) {
		int needed = snprintf(time, sizeof(time), "%.3f", d->steps->list[i].ms);
		if (needed > d->time_width && needed < 20)
			d->time_width = needed;
	}
	int first = d->time_width + 2, last = d->width - 2;
	for (int i = 0; i < LANES; i++)
		d->lane[i] = first + (last - first) * i / (LANES - 1);
}

static void print_heads(struct drawing *d)
{
	for (int i = 0; i < d->width; i++)
		put(d, i, " ", 1, TONE_PLAIN, false);
	put_text(d, d->time_width - 2, "ms", 2, TONE_PLAIN, true);
	for (int i = 0; i < LANES; i++) {
		int length = (int)strlen(steps_lane_names[i]);
		int column = i ? d->lane[i] - length / 2 : d->lane[i];

		if (column + length > d->width)
			column = d->width - length;
		put_text(d, column, steps_lane_names[i], length, TONE_PLAIN, false);
	}
	end_row(d);
	begin_row(d);
	end_row(d);
}

static void print_title(struct drawing *d, const char *name)
{
	char time[TIME_SIZE], *title;

	title = words("%s  %s", name, d->steps->who);
	print_paragraph(d, title ? title : name, TONE_PLAIN);
	free(title);
	title = words("begins %s%s", words_time(time, d->steps->begin),
		      d->steps->observed ? "; only observed, nothing was changed" : "");
	print_paragraph(d, title ? title : "", TONE_PLAIN);
	free(title);
	fputc('\n', d->out);
}

void ladder_print_as(FILE *out, const struct connection_story *story, const char *name, struct source *source,
		     bool color, int width)
{
	struct drawing d = {.out = out, .color = color, .utf8 = locale_is_utf8()};
	struct steps *steps = steps_of(story, source);

	if (!steps) {
		fputs("(no memory for the ladder)\n", out);
		return;
	}
	d.steps = steps;
	lay_out(&d, width);
	print_title(&d, name);
	print_heads(&d);
	for (size_t i = 0; i < steps->count; i++)
		print_step(&d, &steps->list[i]);
	begin_row(&d);
	end_row(&d);
	fputc('\n', out);
	print_paragraph(&d, steps->words, steps->tone);
	if (story->left_out)
		fprintf(out, "(%" PRIu64 " later events are left out.)\n", story->left_out);
	if (steps->only_end)
		print_paragraph(
			&d,
			"(The log has only the end of this connection: with --log-level=debug more has a time.)",
			TONE_PLAIN);
	steps_free(steps);
}

void ladder_print(FILE *out, const struct connection_story *story, struct source *source, bool color,
		  int width)
{
	ladder_print_as(out, story, story->id, source, color, width);
}
