/* SPDX-License-Identifier: MIT */
/*
 * The histogram of drain times. Its buckets double (model.h), so the axis is logarithmic; each boundary has its label.
 */
#include <string.h>

#include "html_parts.h"
#include "words.h"

enum { WIDTH = 900, HEIGHT = 300, LEFT = 72, RIGHT = 24, TOP = 20, BOTTOM = 64, FEWEST = 8 };

struct scale {
	int first, count;     /* buckets that are shown */
	uint64_t tick, ticks; /* of the y axis: every so many connections a line, so many lines */
	double bar;           /* pixels */
};

/* Where bucket n begins: 0, 1 µs, 2 µs, 4 µs ... */
static double bucket_begin(int bucket)
{
	return bucket ? (double)((uint64_t)1 << (bucket - 1)) : 0;
}

static const char *duration(char buffer[32], double us)
{
	const char *unit = us < 1e3 ? "µs" : us < 1e6 ? "ms" : us < 60e6 ? "s" : "min";
	double value = us < 1e3 ? us : us < 1e6 ? us / 1e3 : us < 60e6 ? us / 1e6 : us / 60e6;

	snprintf(buffer, 32, value < 10 && us >= 1e3 ? "%.1f %s" : "%.0f %s", value, unit);
	return buffer;
}

/* 1, 2 or 5 times a power of ten: not below value. */
static uint64_t round_up(uint64_t value)
{
	static const uint64_t steps[] = {1, 2, 5};

	for (uint64_t power = 1; power < UINT64_MAX / 100; power *= 10)
		for (int i = 0; i < 3; i++)
			if (steps[i] * power >= value)
				return steps[i] * power;
	return value;
}

static struct scale scale_of(const struct times *times)
{
	struct scale scale = {0};
	uint64_t most = 1;
	int last = 0;

	scale.first = TIME_BUCKETS;
	for (int i = 0; i < TIME_BUCKETS; i++) {
		if (!times->buckets[i])
			continue;
		if (scale.first == TIME_BUCKETS)
			scale.first = i;
		last = i;
		if (times->buckets[i] > most)
			most = times->buckets[i];
	}
	while (last - scale.first + 1 < FEWEST) {
		if (scale.first > 0)
			scale.first--;
		if (last < TIME_BUCKETS - 1 && last - scale.first + 1 < FEWEST)
			last++;
	}
	scale.count = last - scale.first + 1;
	scale.tick = round_up((most + 3) / 4);
	scale.ticks = (most + scale.tick - 1) / scale.tick;
	scale.bar = (double)(WIDTH - LEFT - RIGHT) / scale.count;
	return scale;
}

static double y_of(const struct scale *scale, uint64_t count)
{
	return HEIGHT - BOTTOM -
	       (double)count / (double)(scale->tick * scale->ticks) * (HEIGHT - TOP - BOTTOM);
}

static void put_y_axis(FILE *out, const struct scale *scale)
{
	char number[NUMBER_SIZE];

	for (uint64_t i = 0; i <= scale->ticks; i++) {
		double y = y_of(scale, scale->tick * i);

		fprintf(out, "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"%s/>\n", LEFT, WIDTH - RIGHT,
			y, y, i ? "" : " class=\"axis\"");
		fprintf(out, "<text class=\"soft\" text-anchor=\"end\" x=\"%d\" y=\"%.1f\">%s</text>\n",
			LEFT - 8, y + 4, words_number(number, scale->tick * i));
	}
	fprintf(out,
		"<text class=\"soft\" text-anchor=\"middle\" transform=\"translate(14 %d) rotate(-90)\">connections</text>\n",
		TOP + (HEIGHT - TOP - BOTTOM) / 2);
}

static void put_bars(FILE *out, const struct times *times, const struct scale *scale)
{
	char from[32], to[32], number[NUMBER_SIZE];
	int every = scale->count > 13 ? 2 : 1;

	for (int i = 0; i <= scale->count; i++) {
		int bucket = scale->first + i;
		double x = LEFT + scale->bar * i;

		duration(from, bucket_begin(bucket));
		if (i % every == 0)
			fprintf(out,
				"<text class=\"soft\" text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">%s</text>\n",
				x, HEIGHT - BOTTOM + 20, bucket == TIME_BUCKETS ? "longer" : from);
		fprintf(out, "<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>\n", x, x,
			HEIGHT - BOTTOM, HEIGHT - BOTTOM + 5);
		if (i == scale->count || !times->buckets[bucket])
			continue;
		double y = y_of(scale, times->buckets[bucket]);
		duration(to, bucket_begin(bucket + 1));
		fprintf(out,
			"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>%s from %s to %s</title></rect>\n",
			x + 1, y, scale->bar - 2, HEIGHT - BOTTOM - y,
			words_number(number, times->buckets[bucket]), from, to);
	}
	fprintf(out,
		"<text class=\"soft\" text-anchor=\"middle\" x=\"%d\" y=\"%d\">from the half-close to the peer's end</text>\n",
		LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 14);
}

/* Within which time so many of a hundred were done: the end of their bucket. */
static double within(const struct times *times, unsigned percent)
{
	uint64_t below = 0;

	for (int i = 0; i < TIME_BUCKETS; i++) {
		below += times->buckets[i];
		if (below * 100 >= times->count * percent)
			return bucket_begin(i + 1);
	}
	return bucket_begin(TIME_BUCKETS);
}

void html_chart(const struct page *page)
{
	const struct times *times = &page->report->totals.drain;
	char half[32], most[32], number[NUMBER_SIZE];
	FILE *out = page->out;

	fputs("<section id=\"drains\">\n<h2>How long the drains took</h2>\n", out);
	if (!times->count) {
		fputs("<p class=\"nothing\">Nothing was drained.</p>\n</section>\n", out);
		return;
	}
	struct scale scale = scale_of(times);
	duration(half, within(times, 50));
	duration(most, within(times, 99));
	fprintf(out, "<p>%s %s drained. ", words_number(number, times->count),
		times->count == 1 ? "connection was" : "connections were");
	if (strcmp(half, most) != 0)
		fprintf(out, "Half of them were done within %s, 99 of 100 within %s.</p>\n", half, most);
	else
		fprintf(out, "99 of 100 were done within %s.</p>\n", most);
	fprintf(out,
		"<div class=\"drawing\"><svg class=\"histogram\" viewBox=\"0 0 %d %d\" role=\"img\">"
		"<title>Histogram of drain times</title>\n",
		WIDTH, HEIGHT);
	put_y_axis(out, &scale);
	put_bars(out, times, &scale);
	fputs("</svg></div>\n</section>\n", out);
}
