/* SPDX-License-Identifier: MIT */
/*
 * Groups are found by a hash of what makes them; each keeps counts and its few worst connections.
 *
 * Rules: there are at most GROUPS_LIMIT of them, so that a log in which every line has another address costs no more
 * memory than one with a single fault; what finds no room is counted.
 */
#include "groups.h"

#include <stdlib.h>
#include <string.h>

#include "guilty.h"
#include "tally.h"
#include "vocabulary.h"

static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3U;
	return (hash ^ 0xff) * 0x100000001b3U;
}

/* The build-id is the object's identity; a path is one only where there is no build-id. */
static uint64_t key_of(const struct group *group)
{
	const struct frame *frame = guilty_frame(&group->site);
	uint64_t key = 0xcbf29ce484222325U ^ group->kind;

	key = hash_text(key, group->code);
	key = hash_text(key, group->program);
	key = hash_text(key, group->site.call);
	if (frame) {
		key = hash_text(key, frame->object->build_id ? frame->object->build_id : frame->object->path);
		key = (key ^ frame->offset) * 0x9e3779b97f4a7c15U;
	}
	return key ^ key >> 31;
}

static bool same(const char *a, const char *b)
{
	return (a && b) ? strcmp(a, b) == 0 : a == b;
}

/* NULL where there is no room. */
static struct group_kept *find(struct groups *groups, const struct group *like)
{
	uint64_t key = key_of(like);
	size_t slot = key % GROUP_SLOTS;
	struct group_kept *kept;

	for (; (kept = groups->slots[slot]); slot = (slot + 1) % GROUP_SLOTS)
		if (kept->key == key && same(kept->group.code, like->code) &&
		    same(kept->group.program, like->program))
			return kept;
	if (groups->count >= GROUPS_LIMIT)
		return NULL;
	kept = calloc(1, sizeof(*kept));
	if (!kept)
		return NULL;
	kept->worst = calloc(groups->stories_limit, sizeof(*kept->worst));
	kept->stories = calloc(groups->stories_limit, sizeof(*kept->stories));
	kept->group = *like;
	kept->group.code = strdup(like->code);
	kept->group.program = strdup(like->program);
	kept->group.first = -1;
	kept->key = key;
	if (!kept->worst || !kept->stories || !kept->group.code || !kept->group.program)
		return NULL; /* the process has no memory left: a leak is the least of it */
	groups->slots[slot] = kept;
	groups->count++;
	return kept;
}

static bool says(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

/* What is known to be lost counts more than what may be, that more than a reset; then how much. */
static uint64_t badness(const struct record *record)
{
	uint64_t bytes = record->lost_bytes > 0 ? (uint64_t)record->lost_bytes : 0;

	return (uint64_t)says(record->data, DATA_LOST_WORD) << 62 |
	       (uint64_t)says(record->verdict, VERDICT_WRONG_WORD) << 61 |
	       (uint64_t)says(record->data, DATA_UNKNOWN_WORD) << 60 |
	       (uint64_t)says(record->will_reset, RESET_YES_WORD) << 59 |
	       (bytes >> 59 ? (1ULL << 59) - 1 : bytes);
}

static void worst_free(struct worst *worst)
{
	record_free(worst->record);
	stories_events_free(&worst->events);
	free(worst);
}

/* Of equal ones the earliest stay, in whatever order the files come. */
static bool worse(const struct record *record, uint64_t bad, const struct worst *than)
{
	return bad != than->badness ? bad > than->badness : record->time < than->record->time;
}

static void keep_if_bad(struct group_kept *kept, size_t limit, const struct record *record)
{
	size_t *count = &kept->group.stories_count;
	uint64_t bad = badness(record);
	struct worst *worst;
	size_t at;

	if (*count == limit && !worse(record, bad, kept->worst[limit - 1]))
		return;
	worst = calloc(1, sizeof(*worst));
	if (worst)
		worst->record = record_keep(record);
	if (!worst || !worst->record) {
		free(worst);
		return;
	}
	worst->badness = bad;
	if (*count == limit)
		worst_free(kept->worst[--*count]);
	for (at = *count; at > 0 && worse(record, bad, kept->worst[at - 1]); at--)
		kept->worst[at] = kept->worst[at - 1];
	kept->worst[at] = worst;
	++*count;
}

/* blamed: what the connection came to is this fault's doing. */
static void count(struct group *group, const struct record *r, bool blamed)
{
	bool wrong = says(r->verdict, VERDICT_WRONG_WORD);

	group->connections++;
	if (blamed) {
		group->lost += says(r->data, DATA_LOST_WORD);
		group->data_unknown += says(r->data, DATA_UNKNOWN_WORD);
		group->lost_bytes += r->lost_bytes > 0 ? (uint64_t)r->lost_bytes : 0;
		group->resets += wrong && says(r->will_reset, RESET_YES_WORD);
		group->resets_possible += wrong && says(r->will_reset, RESET_POSSIBLE_WORD);
	}
	group->safe += says(r->data, DATA_SAFE_WORD);
	group->wrong += wrong;
	group->cured += says(r->verdict, VERDICT_CURED_WORD);
	group->meant += says(r->verdict, VERDICT_MEANT_WORD);
	group->observed += wrong && says(r->mode, "observe");
	if (r->kind == EVENT_END && r->drain_us >= 0)
		tally_times_add(&group->drain, r->drain_us);
	if (group->first < 0 || r->time < group->first)
		group->first = r->time;
	if (r->time > group->last)
		group->last = r->time;
}

static struct group_kept *add(struct groups *groups, enum group_kind kind, enum fault_place fault,
			      const char *code, const struct record *record, bool blamed)
{
	const struct site *site = guilty_site(kind, fault, record);
	const struct group like = {.kind = kind,
				   .fault = fault,
				   .code = code,
				   .program = record->program,
				   .site = site ? *site : (struct site){0}};
	struct group_kept *kept = find(groups, &like);

	if (!kept) {
		groups->left_out++;
		return NULL;
	}
	count(&kept->group, record, blamed);
	keep_if_bad(kept, groups->stories_limit, record);
	return kept;
}

void groups_add_end(struct groups *groups, const struct record *end)
{
	bool blamed = true;

	for (unsigned i = 0; i < FAULT_COUNT; i++) {
		enum fault_place fault = vocabulary_faults_by_loss[i];

		if (!(end->faults & 1U << fault))
			continue;
		add(groups, GROUP_FAULT, fault, vocabulary_fault_word(fault), end, blamed);
		blamed = false;
	}
}

/* Of a write that failed the error tells most; but of these the cause. */
static bool has_own_rule(const char *cause)
{
	return says(cause, CAUSE_BAD_WRITE_RETRY_WORD) || says(cause, CAUSE_STALE_ERROR_WORD) ||
	       says(cause, CAUSE_CLOSED_IN_HANDSHAKE_WORD) || says(cause, CAUSE_LATE_CALL_WORD);
}

void groups_add_event(struct groups *groups, enum group_kind kind, const struct record *record)
{
	const char *code = record->cause ? record->cause : CAUSE_OTHER_WORD;

	if (kind == GROUP_LATE_CALL)
		code = EVENT_LATE_CALL_WORD;
	else if (kind == GROUP_KILLED)
		code = record->signal;
	else if (kind == GROUP_HIDDEN_END)
		code = EVENT_HIDDEN_END_WORD;
	else if (kind == GROUP_WRITE_INCOMPLETE && !has_own_rule(record->cause))
		code = record->error_number ? record->error_number
		       : record->error      ? record->error
					    : CAUSE_OTHER_WORD;
	add(groups, kind, FAULT_COUNT, code, record,
	    record->kind != EVENT_END); /* an end stands with its faults, too */
}

void groups_add_out_of_reach(struct groups *groups, const struct record *record, uint64_t connections)
{
	struct group_kept *kept =
		add(groups, GROUP_OUT_OF_REACH, FAULT_COUNT, EVENT_OUT_OF_REACH_WORD, record, false);

	if (kept)
		kept->group.connections += connections - 1;
	else
		groups->left_out += connections - 1;
}

static int more(uint64_t a, uint64_t b)
{
	return a == b ? 0 : a > b ? -1 : 1;
}

/* Lost data, then resets, then by the fault; what is wrong before what was cured; then the many before the few. */
static int worst_first(const void *first, const void *second)
{
	const struct group *a = *(const struct group *const *)first,
			   *b = *(const struct group *const *)second;
	int order = (int)a->kind - (int)b->kind;

	order = order ? order : more(a->lost, b->lost);
	order = order ? order : more(a->resets, b->resets);
	order = order ? order : more(a->wrong > 0, b->wrong > 0);
	order = order ? order
		      : (int)vocabulary_rank_by_loss(a->fault) - (int)vocabulary_rank_by_loss(b->fault);
	order = order ? order : more(a->connections, b->connections);
	order = order ? order : strcmp(a->program, b->program);
	order = order ? order : strcmp(a->code, b->code);
	return order ? order : (a->first > b->first) - (a->first < b->first);
}

/* What a reader of the group sees: the site and the example are those of its worst connection. */
static void finish(struct group_kept *kept)
{
	struct group *group = &kept->group;
	const struct site *site;

	for (size_t i = 0; i < group->stories_count; i++) {
		struct worst *worst = kept->worst[i];

		if (worst->story.count == 0) {
			worst->alone[0] = worst->record;
			stories_tell(&worst->story, (struct record *const *)worst->alone, 1);
		}
		kept->stories[i] = &worst->story;
	}
	group->stories = kept->stories;
	group->example = kept->worst[0]->record;
	/* Of a process: there is no connection to be shown. */
	for (size_t i = 0; i < group->stories_count && !kept->hidden; i++)
		if (!kept->worst[i]->record->id)
			kept->hidden = group->stories_count - i;
	group->stories_count -= kept->hidden;
	site = guilty_site(group->kind, group->fault, group->example);
	group->site = site ? *site : (struct site){0};
}

void groups_sort(struct groups *groups)
{
	size_t used = 0;

	groups->sorted = calloc(groups->count + 1, sizeof(struct group *));
	for (size_t i = 0; groups->sorted && i < GROUP_SLOTS; i++) {
		struct group_kept *kept = groups->slots[i];

		if (!kept)
			continue;
		if (kept->group.stories_count == 0) { /* no room for a single example */
			groups->left_out += kept->group.connections;
			continue;
		}
		finish(kept);
		groups->sorted[used++] = &kept->group;
	}
	groups->count = used;
	if (used > 1)
		qsort(groups->sorted, used, sizeof(struct group *), worst_first);
}

void groups_free(struct groups *groups)
{
	for (size_t i = 0; i < GROUP_SLOTS; i++) {
		struct group_kept *kept = groups->slots[i];

		if (!kept)
			continue;
		for (size_t k = 0; k < kept->group.stories_count + kept->hidden; k++)
			worst_free(kept->worst[k]);
		free(kept->worst);
		free(kept->stories);
		free((char *)kept->group.code);
		free((char *)kept->group.program);
		free(kept);
	}
	free(groups->sorted);
}
