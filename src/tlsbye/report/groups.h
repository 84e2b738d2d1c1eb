/* SPDX-License-Identifier: MIT */
/*
 * Connections with the same thing wrong at the same place of the same program.
 */
#ifndef TLSBYE_REPORT_GROUPS_H
#define TLSBYE_REPORT_GROUPS_H

#include "model.h"
#include "stories.h"

enum { GROUPS_LIMIT = 2000, GROUP_SLOTS = 4096 };

/* One connection that is kept for its badness: the event that says so, and with --html all of its events. */
struct worst {
	struct connection_story story;
	struct record *record; /* an end, or the event that the group is about */
	uint64_t badness;
	struct events events;
	const struct record *alone[1]; /* the story's events where it has no others */
};

struct group_kept {
	struct group group;
	uint64_t key;
	struct worst **worst; /* worst first; stories_limit of them */
	size_t hidden;        /* of these: not to be shown, because they are a process's */
	const struct connection_story **stories;
};

struct groups {
	struct group_kept *slots[GROUP_SLOTS];
	size_t count;
	size_t stories_limit;
	uint64_t left_out;
	const struct group **sorted; /* made by groups_sort() */
};

/* An end: one group for each of its faults. */
void groups_add_end(struct groups *groups, const struct record *end);
/* Another event that is a group's matter. */
void groups_add_event(struct groups *groups, enum group_kind kind, const struct record *record);

/* Connections of which no socket is known: the record tells of so many. */
void groups_add_out_of_reach(struct groups *groups, const struct record *record, uint64_t connections);

void groups_sort(struct groups *groups); /* false: no memory */
void groups_free(struct groups *groups);

#endif
