/* SPDX-License-Identifier: MIT */
/*
 * A ladder as SVG: the steps of steps.h between four lanes. Its colours are the page's (page/page.css), so that it
 * follows light, dark and paper.
 *
 * SVG does not break lines: that is done here, by a width that no usual sans-serif exceeds on the average.
 */
#include <stdlib.h>
#include <string.h>

#include "html_parts.h"
#include "words.h"

enum {
	WIDTH = 900,
	FIRST_LANE = 104,
	LANE_GAP = 248,
	HEAD = 40,      /* the height of the lanes' names */
	LABEL = 19,     /* from the end of a step to the label's baseline */
	ARROW = 8,      /* from there to the arrow */
	NOTE = 17,      /* a row of a note */
	SPACE = 10,     /* behind a step */
	CHARACTER = 15, /* half pixels */
};

static int lane_x(enum lane lane)
{
	return FIRST_LANE + (int)lane * LANE_GAP;
}

static const char *tone_class(enum tone tone)
{
	static const char *const classes[] = {[TONE_PLAIN] = "plain",
					      [TONE_GOOD] = "good",
					      [TONE_MISSING] = "missing",
					      [TONE_LOST] = "lost"};
	return classes[tone];
}

/* How many bytes of text go on a row. */
static size_t fitting(const char *text, int pixels)
{
	size_t room = (size_t)(2 * pixels / CHARACTER), broken = 0, at = 0, count = 0;

	for (; text[at] && count < room; at++) {
		if (((unsigned char)text[at] & 0xc0) != 0x80)
			count++;
		if (text[at] == ' ')
			broken = at;
	}
	while (((unsigned char)text[at] & 0xc0) == 0x80)
		at++;
	return !text[at] || text[at] == ' ' || !broken ? at : broken;
}

static void put_row(FILE *out, int x, int y, const char *attributes, const char *text, size_t length)
{
	char *row = strndup(text, length);

	fprintf(out, "<text x=\"%d\" y=\"%d\" %s>", x, y, attributes);
	html_text(out, row);
	fputs("</text>\n", out);
	free(row);
}

/* Broken into rows; returns the baseline of the last one. `out` NULL: only measured. */
static int put_note(FILE *out, int x, int y, int pixels, const char *text)
{
	while (*text) {
		size_t length = fitting(text, pixels);

		y += NOTE;
		if (out)
			put_row(out, x, y, "class=\"soft\"", text, length);
		text += length;
		text += strspn(text, " ");
	}
	return y;
}

static enum lane leftmost(const struct step *step)
{
	return step->from < step->to ? step->from : step->to;
}

static void put_tip(FILE *out, int x, int y, bool rightwards)
{
	int back = rightwards ? -9 : 9;
	fprintf(out, "<path class=\"tip\" d=\"M%d %dl%d -4.5v9z\"/>\n", x, y, back);
}

static void put_arrow(FILE *out, const struct step *step, int y)
{
	int from = lane_x(step->from), to = lane_x(step->to);
	bool rightwards = to > from;

	fprintf(out, "<path class=\"arrow\" d=\"M%d %dH%d\"/>\n", from, y, rightwards ? to - 8 : to + 8);
	put_tip(out, to, y, rightwards);
	if (step->both_ways)
		put_tip(out, from, y, !rightwards);
}

static void put_cross(FILE *out, int x, int y, enum tone tone)
{
	if (tone == TONE_PLAIN)
		fprintf(out, "<circle class=\"tip\" cx=\"%d\" cy=\"%d\" r=\"3.5\"/>\n", x, y);
	else
		fprintf(out, "<path class=\"arrow\" stroke-width=\"2\" d=\"M%d %dl9 9m0 -9l-9 9\"/>\n", x - 4,
			y - 4);
}

/* Returns where it ends. `out` NULL: only measured. */
static int put_step(FILE *out, const struct step *step, int y)
{
	enum lane left = leftmost(step);
	bool mark = step->from == step->to;
	bool at_edge = mark && step->from == LANE_PEER;
	int baseline = y + LABEL, end = mark ? baseline : baseline + ARROW;
	char time[32];

	if (out) {
		fprintf(out, "<g class=\"%s%s\">\n", tone_class(step->tone), step->would ? " would" : "");
		if (step->ms >= 0) {
			snprintf(time, sizeof(time), "%.3f", step->ms);
			put_row(out, FIRST_LANE - 20, baseline, "text-anchor=\"end\" class=\"soft\"", time,
				strlen(time));
		}
		if (step->label)
			put_row(out,
				lane_x(step->from == LANE_PEER && mark ? LANE_PEER : left) +
					(at_edge ? -12 : 12),
				baseline, at_edge ? "text-anchor=\"end\" class=\"label\"" : "class=\"label\"",
				step->label, strlen(step->label));
		if (mark)
			put_cross(out, lane_x(step->from), baseline - 4, step->tone);
		else
			put_arrow(out, step, end);
	}
	if (at_edge)
		left = LANE_KERNEL;
	for (int i = 0; i < STEP_NOTES && step->notes[i]; i++)
		end = put_note(out, lane_x(left) + 12, end, lane_x(LANE_PEER) - 18 - lane_x(left),
			       step->notes[i]);
	if (out)
		fputs("</g>\n", out);
	return end + SPACE;
}

static void put_lanes(FILE *out, int height)
{
	for (int i = 0; i < LANES; i++) {
		fprintf(out, "<path class=\"lane\" d=\"M%d %dV%d\"/>\n", lane_x(i), HEAD - 8, height);
		put_row(out, lane_x(i), HEAD - 18,
			i ? "text-anchor=\"middle\" class=\"head\"" : "class=\"head\"", steps_lane_names[i],
			strlen(steps_lane_names[i]));
	}
	put_row(out, FIRST_LANE - 20, HEAD - 18, "text-anchor=\"end\" class=\"soft\"", "ms", 2);
}

void html_ladder(FILE *out, const struct connection_story *story, const struct steps *steps)
{
	int height = HEAD;

	for (size_t i = 0; i < steps->count; i++)
		height = put_step(NULL, &steps->list[i], height);
	height += 6;
	fprintf(out, "<div class=\"drawing\"><svg class=\"steps\" viewBox=\"0 0 %d %d\" role=\"img\">", WIDTH,
		height);
	html_text_put(out, "<title>Ladder of connection ", story->id, "</title>\n");
	put_lanes(out, height);
	int y = HEAD;
	for (size_t i = 0; i < steps->count; i++)
		y = put_step(out, &steps->list[i], y);
	fputs("</svg></div>\n", out);
}
