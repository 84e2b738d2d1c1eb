/* SPDX-License-Identifier: MIT */
/*
 * Makes the steps (steps.h): the events that have a time of their own (steps_events.c), the letting go, which only the
 * end event knows as a whole (steps_end.c), and the verdict (steps_verdict.c); then everything into its order.
 */
#include "steps.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "steps_make.h"
#include "vocabulary.h"

const char *const steps_lane_names[LANES] = {"program", "OpenSSL", "kernel", "peer"};

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
	if (story->transport && strcmp(story->transport, TRANSPORT_TCP_WORD) != 0)
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
	steps_events_make(&m);
	if (story->end)
		steps_end_make(&m);
	steps_verdict_make(&m);
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
