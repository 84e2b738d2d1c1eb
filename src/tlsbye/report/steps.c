/* SPDX-License-Identifier: MIT */
/*
 * Makes the steps (steps.h): the events that have a time of their own (steps_events.c), the letting go, which only the
 * end event knows as a whole (steps_end.c), and the verdict (steps_verdict.c); then everything into its order.
 */
#include "steps.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "steps_make.h"
#include "words.h"

const char *const lane_names[LANES] = {"program", "OpenSSL", "kernel", "peer"};

/* --- building --- */

struct step *step_add(struct making *m, enum lane from, enum lane to, enum tone tone)
{
	static struct step spare;
	struct steps *steps = m->steps;
	struct step *grown = reallocarray(steps->list, steps->count + 1, sizeof(*grown));

	if (!grown) {
		m->no_memory = true;
		memset(&spare, 0, sizeof(spare));
		return &spare;
	}
	steps->list = grown;
	grown += steps->count;
	*grown = (struct step){.ms = m->timed ? m->moment : -1,
			       .from = from,
			       .to = to,
			       .tone = tone,
			       .order = m->moment,
			       .sequence = steps->count++};
	return grown;
}

static char *format_text(struct making *m, const char *format, va_list args)
{
	char *text;

	if (m->no_memory || vasprintf(&text, format, args) < 0) {
		m->no_memory = true;
		return NULL;
	}
	return text;
}

void step_label(struct making *m, struct step *step, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	free(step->label);
	step->label = format_text(m, format, args);
	va_end(args);
}

void step_note(struct making *m, struct step *step, const char *format, ...)
{
	va_list args;

	for (int i = 0; i < STEP_NOTES; i++) {
		if (step->notes[i])
			continue;
		va_start(args, format);
		step->notes[i] = format_text(m, format, args);
		va_end(args);
		return;
	}
}

void step_place(struct making *m, struct step *step, const struct site *site)
{
	char *place = words_place(site, m->source);

	if (place)
		step_note(m, step, "%s", place);
	free(place);
}

/* --- the whole --- */

/* "legacy-server[1234], server, fd 5, 127.0.0.1:443 - 127.0.0.1:51234" */
static char *who(const struct connection_story *story)
{
	const struct record *any = story->end ? story->end : story->count ? story->events[0] : NULL;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "%s[%" PRId64 "]", story->program ? story->program : "?", story->pid);
	if (story->role)
		fprintf(out, ", %s", story->role);
	if (any && any->fd >= 0)
		fprintf(out, ", fd %" PRId64, any->fd);
	if (story->transport && strcmp(story->transport, "tcp") != 0)
		fprintf(out, ", %s", story->transport);
	if (story->local && story->peer)
		fprintf(out, ", %s - %s", story->local, story->peer);
	fclose(out);
	return text;
}

static int compare_steps(const void *a, const void *b)
{
	const struct step *one = a, *other = b;

	if (one->order != other->order)
		return one->order < other->order ? -1 : 1;
	return one->sequence < other->sequence ? -1 : one->sequence > other->sequence;
}

/* The end says how long it took: that tells when the connection began, where its first event is not in the log. */
static double begin_of(const struct connection_story *story)
{
	const struct record *end = story->end;
	bool whole = story->count && story->events[0]->kind == EVENT_TRACKED;

	return whole || !end || end->us < 0 ? story->begin : end->time - (double)end->us / 1e6;
}

struct steps *steps_of(const struct connection_story *story, struct source *source)
{
	struct steps *steps = calloc(1, sizeof(*steps));
	struct making m = {
		.story = story, .source = source, .steps = steps, .notify_at = -1, .half_close_at = -1};
	const struct record *last = story->end     ? story->end
				    : story->count ? story->events[story->count - 1]
						   : NULL;

	if (!steps)
		return NULL;
	steps->begin = begin_of(story);
	steps->observed = last && last->mode && strcmp(last->mode, "observe") == 0;
	steps->only_end = story->end && story->count <= 1;
	steps->who = who(story);
	steps_from_events(&m);
	if (story->end)
		steps_from_end(&m);
	steps_judge(&m);
	if (steps->count)
		qsort(steps->list, steps->count, sizeof(*steps->list), compare_steps);
	if (!m.no_memory && steps->who && steps->words)
		return steps;
	steps_free(steps);
	return NULL;
}

void steps_free(struct steps *steps)
{
	if (!steps)
		return;
	for (size_t i = 0; i < steps->count; i++) {
		free(steps->list[i].label);
		for (int j = 0; j < STEP_NOTES; j++)
			free(steps->list[i].notes[j]);
	}
	free(steps->list);
	free(steps->who);
	free(steps->words);
	free(steps);
}
