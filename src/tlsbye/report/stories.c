/* SPDX-License-Identifier: MIT */
/*
 * Logs of several processes, or rotated ones, bring the events of a connection in any order: they are sorted in.
 */
#include "stories.h"

#include <stdlib.h>
#include <string.h>

/* By program and process first, so that two machines' connections of one id do not mix. Equal ones stay as they came. */
static int compare(const struct record *a, const struct record *b)
{
	int order = strcmp(a->program, b->program);

	if (order)
		return order;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a->time < b->time ? -1 : a->time > b->time;
}

void stories_events_add(struct events *events, const struct record *record)
{
	struct record *copy;
	size_t at;

	/* The last place is an end's: what a connection came to is always shown. */
	if (events->count >= events->limit ||
	    (events->count + 1 == events->limit && record->kind != EVENT_END)) {
		events->left_out++;
		return;
	}
	if (events->count == events->room) {
		size_t room = events->room ? events->room * 2 : 8;
		struct record **larger = reallocarray(events->records, room, sizeof(*larger));

		if (!larger)
			return;
		events->records = larger;
		events->room = room;
	}
	copy = record_keep(record);
	if (!copy) {
		events->left_out++;
		return;
	}
	for (at = events->count; at > 0 && compare(events->records[at - 1], copy) > 0; at--)
		events->records[at] = events->records[at - 1];
	events->records[at] = copy;
	events->count++;
}

void stories_events_free(struct events *events)
{
	for (size_t i = 0; i < events->count; i++)
		record_free(events->records[i]);
	free(events->records);
	*events = (struct events){0};
}

void stories_tell(struct connection_story *story, struct record *const *records, size_t count)
{
	const struct record *first = records[0];

	*story = (struct connection_story){.id = first->id,
					   .program = first->program,
					   .pid = first->pid,
					   .begin = first->time,
					   .finish = records[count - 1]->time,
					   .events = (const struct record *const *)records,
					   .count = count};
	for (size_t i = 0; i < count; i++) {
		const struct record *r = records[i];

		story->transport = story->transport ? story->transport : r->transport;
		story->local = story->local ? story->local : r->local;
		story->peer = story->peer ? story->peer : r->peer;
		story->role = story->role ? story->role : r->role;
		if (r->kind == EVENT_END)
			story->end = r;
	}
}

/* Does a new connection begin with this event? (Behind an end, and where the one before was killed.) */
static bool begins(const struct record *before, const struct record *record)
{
	return before->kind == EVENT_END || before->kind == EVENT_OUT_OF_REACH ||
	       record->kind == EVENT_TRACKED || before->pid != record->pid ||
	       strcmp(before->program, record->program) != 0;
}

struct connection_story *stories_of(const struct events *events, size_t *count)
{
	struct connection_story *stories = calloc(events->count ? events->count : 1, sizeof(*stories));
	size_t from = 0;

	*count = 0;
	if (!stories)
		return NULL;
	for (size_t i = 1; i <= events->count; i++) {
		if (i < events->count && !begins(events->records[i - 1], events->records[i]))
			continue;
		stories_tell(&stories[*count], events->records + from, i - from);
		stories[*count].left_out = events->left_out;
		++*count;
		from = i;
	}
	return stories;
}
