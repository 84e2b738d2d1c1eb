/* SPDX-License-Identifier: MIT */
/*
 * Counts. A record changes the totals, what is known of its connection (seen.c), and where something is wrong a group
 * (groups.c); then it is forgotten, unless somebody has asked for its connection.
 *
 * A connection is counted at its end. One without an end is found when all was read: it began more often than it
 * ended. That works in whatever order the files come, and when an id is used again.
 */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "groups.h"
#include "seen.h"
#include "stories.h"
#include "tally.h"
#include "vocabulary.h"

enum { CHOSEN_LIMIT = 10000 };     /* events of --connection */
enum { EVENTS_LIMIT = 500 };       /* events of one connection on the page */
enum { GROUPS_WITH_EVENTS = 100 }; /* the worst ones */

struct model {
	struct report report;
	const char *connection;
	struct events chosen;
	struct connection_story *chosen_stories;
	const struct connection_story **chosen_list;

	struct seen_table connections, processes;
	struct seen_table
		deaths; /* by pid: as many begin as ended without a word, as many end as a signal is known of */
	struct groups groups;
	struct tally programs, versions, ciphers;

	struct worst **wanted; /* whose events are kept in the second reading, by program and id */
	size_t wanted_count;
};

struct model *model_new(const char *connection, size_t stories_limit)
{
	struct model *model = calloc(1, sizeof(*model));

	if (!model)
		return NULL;
	model->connection = connection;
	model->chosen.limit = CHOSEN_LIMIT;
	model->groups.stories_limit = stories_limit;
	model->report.stories_limit = stories_limit;
	model->report.no_debug = true;
	return model;
}

static bool says(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

/* A program that tries again and again fails once. */
static bool first_time(struct seen *seen, enum seen_mark mark)
{
	if (!seen)
		return true;
	if (seen->marks & mark)
		return false;
	seen->marks |= (uint8_t)mark;
	return true;
}

/* Where the program itself told OpenSSL to hide it (Python does), there is no event but the end. */
static void add_hidden_end(struct model *model, const struct record *r, struct seen *seen)
{
	if (!first_time(seen, SEEN_HIDDEN))
		return;
	model->report.totals.hidden_ends++;
	groups_add_event(&model->groups, GROUP_HIDDEN_END, r);
}

static void add_end(struct model *model, const struct record *r, struct seen *seen)
{
	struct totals *totals = &model->report.totals;
	bool unfinished = r->unfinished > 0 || (r->faults & (FAULT_UNFINISHED_WRITE | FAULT_BAD_WRITE_RETRY));

	if (seen && seen->ends < UINT16_MAX)
		seen->ends++;
	if (says(r->verdict, VERDICT_FOREIGN_WORD)) {
		totals->foreign++;
		return;
	}
	totals->connections++;
	tally_add(&model->programs, r->program, 1);
	if (says(r->verdict, VERDICT_CLEAN_WORD))
		totals->clean++;
	else if (says(r->verdict, VERDICT_CURED_WORD))
		totals->cured++;
	else if (says(r->verdict, VERDICT_WRONG_WORD))
		totals->wrong++;
	else if (says(r->verdict, VERDICT_MEANT_WORD))
		totals->meant++;
	else
		totals->undecided++;
	totals->lost += says(r->data, DATA_LOST_WORD);
	totals->lost_bytes += r->lost_bytes > 0 ? (uint64_t)r->lost_bytes : 0;
	if (says(r->verdict, VERDICT_WRONG_WORD)) {
		totals->data_unknown += says(r->data, DATA_UNKNOWN_WORD);
		totals->resets += says(r->will_reset, RESET_YES_WORD);
	}
	if (r->drain_us >= 0)
		tally_times_add(&totals->drain, r->drain_us);
	if (unfinished && !(seen && seen->marks & SEEN_ABANDONED))
		totals->abandoned++;
	groups_add_end(&model->groups, r);
	if (says(r->peer_hidden, HIDDEN_WORD))
		add_hidden_end(model, r, seen);
	if (seen)
		seen->marks &= (uint8_t) ~(SEEN_ABANDONED | SEEN_READ_FAILED | SEEN_HIDDEN);
}

static void add_handshake(struct model *model, const struct record *r)
{
	model->report.handshakes++;
	model->report.resumed += r->resumed == 1;
	if (r->version)
		tally_add(&model->versions, r->version, 1);
	if (r->cipher)
		tally_add(&model->ciphers, r->cipher, 1);
}

/*
 * Whoever connects to a server and goes again has done nothing wrong, and no more has the server: counted, and in no group. A
 * client wants to know why it was not served. A stale error is no failure of the connection: a real one may follow.
 */
static void add_read_failed(struct model *model, const struct record *r, struct seen *seen)
{
	bool in_handshake = says(r->cause, CAUSE_CLOSED_IN_HANDSHAKE_WORD);
	bool stale = says(r->cause, CAUSE_STALE_ERROR_WORD);

	if (!stale && !first_time(seen, SEEN_READ_FAILED))
		return;
	if (in_handshake)
		model->report.totals.left_in_handshake++;
	else if (!stale)
		model->report.totals.reads_failed++;
	if (!in_handshake || !says(r->role, ROLE_SERVER_WORD))
		groups_add_event(&model->groups, GROUP_READ_FAILED, r);
}

static void add_write_incomplete(struct model *model, const struct record *r, struct seen *seen)
{
	if (says(r->cause, CAUSE_STALE_ERROR_WORD)) {
		groups_add_event(&model->groups, GROUP_WRITE_INCOMPLETE, r);
		return;
	}
	if (!first_time(seen, SEEN_ABANDONED))
		return;
	model->report.totals.abandoned++;
	groups_add_event(&model->groups, GROUP_WRITE_INCOMPLETE, r);
}

static void add_event(struct model *model, const struct record *r, struct seen *seen)
{
	switch (r->kind) {
	case EVENT_TRACKED:
		if (seen && seen->starts < UINT16_MAX)
			seen->starts++;
		break;
	case EVENT_HANDSHAKE:
		add_handshake(model, r);
		break;
	case EVENT_READ_FAILED:
		add_read_failed(model, r, seen);
		break;
	case EVENT_WRITE_INCOMPLETE:
		add_write_incomplete(model, r, seen);
		break;
	case EVENT_LATE_CALL:
		groups_add_event(&model->groups, GROUP_LATE_CALL, r);
		break;
	case EVENT_HIDDEN_END:
		add_hidden_end(model, r, seen);
		break;
	case EVENT_END:
		add_end(model, r, seen);
		break;
	default:
		break;
	}
}

/* By which signals a program ends that others end, with all its connections closed before or not: none of these is a fault. */
static bool is_asked_for(const char *signal)
{
	static const char *const asked[] = {"SIGTERM", "SIGINT",  "SIGHUP", "SIGQUIT",
					    "SIGUSR1", "SIGUSR2", "SIGALRM"};

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		if (says(signal, asked[i]))
			return true;
	return false;
}

static void add_killed(struct model *model, const struct record *r)
{
	struct seen *death = seen_get(&model->deaths, seen_process_key("", r->pid), NULL);

	model->report.totals.killed++;
	if (death)
		death->ends++;
	if (!is_asked_for(r->signal))
		groups_add_event(&model->groups, GROUP_KILLED, r);
}

/* One process may be told of by both: by the hub, that it has gone, and by who waited for it, by which signal. */
static void add_cut_short(struct model *model, const struct record *r)
{
	struct seen *death = seen_get(&model->deaths, seen_process_key("", r->pid), NULL);

	model->report.totals.cut_short++;
	if (death)
		death->starts++;
	else
		model->report.totals.unexplained++;
}

/*
 * Each line says how many there were before it in its process: so the sum is right where only some were logged, and in
 * whatever order they come.
 */
static void add_out_of_reach(struct model *model, const struct record *r, struct seen *process)
{
	uint32_t before = process ? process->out_of_reach : 0;
	uint32_t now = r->count <= 0 ? 1 : r->count < UINT32_MAX ? (uint32_t)r->count : UINT32_MAX;
	struct seen *seen = r->id ? seen_get(&model->connections, seen_key(r->program, r->id), NULL) : NULL;

	if (seen && seen->ends < UINT16_MAX)
		seen->ends++;
	if (now <= before)
		return;
	if (process)
		process->out_of_reach = now;
	else
		before = now - 1;
	model->report.totals.out_of_reach += now - before;
	model->report.totals.connections += now - before;
	tally_add(&model->programs, r->program, now - before);
	groups_add_out_of_reach(&model->groups, r, now - before);
}

/* What is known of its connection alone. */
static void add_of_connection(struct model *model, const struct record *r)
{
	struct seen *seen = seen_get(&model->connections, seen_key(r->program, r->id), NULL);

	if (!seen)
		model->report.totals.untold += r->kind == EVENT_TRACKED;
	else if (r->fd < 0 && r->kind != EVENT_END)
		seen->marks |= SEEN_NO_SOCKET;
	add_event(model, r, seen);
}

void model_add(void *context, const struct record *r)
{
	struct model *model = context;
	struct totals *totals = &model->report.totals;
	bool new_process;
	struct seen *process;

	if (totals->events++ == 0 || r->time < totals->first)
		totals->first = r->time;
	if (r->time > totals->last)
		totals->last = r->time;
	if (says(r->level, "debug"))
		model->report.no_debug = false;
	process = seen_get(&model->processes, seen_process_key(r->program, r->pid), &new_process);
	totals->processes += process && new_process;
	if (r->kind == EVENT_CUT_SHORT)
		add_cut_short(model, r);
	if (r->kind == EVENT_KILLED && r->signal)
		add_killed(model, r);
	if (r->kind == EVENT_OUT_OF_REACH)
		add_out_of_reach(model, r, process);
	if (!r->id)
		return;
	if (r->kind != EVENT_OUT_OF_REACH)
		add_of_connection(model, r);
	if (model->connection && strcmp(model->connection, r->id) == 0)
		stories_events_add(&model->chosen, r);
}

/* --- the second reading --- */

static int by_name(const struct record *a, const struct record *b)
{
	int order = strcmp(a->id, b->id);

	return order ? order : strcmp(a->program, b->program);
}

static int worst_by_name(const void *a, const void *b)
{
	return by_name((*(struct worst *const *)a)->record, (*(struct worst *const *)b)->record);
}

void model_choose(struct model *model)
{
	struct groups *groups = &model->groups;
	size_t count = 0;

	groups_sort(groups);
	model->report.with_events = true;
	if (groups->count > GROUPS_WITH_EVENTS)
		count = GROUPS_WITH_EVENTS;
	else
		count = groups->count;
	model->wanted = calloc(count * groups->stories_limit + 1, sizeof(struct worst *));
	for (size_t i = 0; model->wanted && i < count; i++) {
		const struct group_kept *kept = (const struct group_kept *)groups->sorted[i];

		for (size_t k = 0; k < kept->group.stories_count; k++) {
			kept->worst[k]->events.limit = EVENTS_LIMIT;
			model->wanted[model->wanted_count++] = kept->worst[k];
		}
	}
	if (model->wanted_count > 1)
		qsort(model->wanted, model->wanted_count, sizeof(struct worst *), worst_by_name);
}

/* An end says when its connection began: so another one of the same id stays out. */
static bool within(const struct record *key, const struct record *r)
{
	const double slack = 0.001;

	if (key->kind != EVENT_END || key->us < 0)
		return true;
	return r->time <= key->time && r->time >= key->time - (double)key->us / 1e6 - slack;
}

void model_add_event(void *context, const struct record *r)
{
	struct model *model = context;
	size_t low = 0, high = model->wanted_count;

	if (!r->id)
		return;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (by_name(model->wanted[middle]->record, r) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < model->wanted_count && by_name(model->wanted[low]->record, r) == 0; low++)
		if (within(model->wanted[low]->record, r))
			stories_events_add(&model->wanted[low]->events, r);
}

/* Of the connections with this id, the one that the group is about. */
static void choose_story(struct worst *worst)
{
	size_t count;
	struct connection_story *stories = stories_of(&worst->events, &count);

	for (size_t i = 0; stories && i < count; i++) {
		bool its_own = false;

		for (size_t k = 0; k < stories[i].count; k++)
			its_own = its_own || (stories[i].events[k]->time == worst->record->time &&
					      stories[i].events[k]->kind == worst->record->kind);
		if (its_own)
			worst->story = stories[i];
	}
	free(stories);
}

/* --- the sum --- */

/* Of those without a socket not each is logged by itself where the log has no debug level, but each is counted. */
static bool in_the_sum(const struct model *model, const struct seen *seen)
{
	return seen->marks & SEEN_NO_SOCKET && model->report.no_debug &&
	       model->report.totals.out_of_reach > 0;
}

/* How many began and did not end; where nothing says when they began, whether their end should have been logged. */
static void find_unended(struct model *model)
{
	struct totals *totals = &model->report.totals;
	uint64_t without_end = 0, undecided = 0;

	for (size_t i = 0; i < model->connections.size; i++) {
		const struct seen *seen = &model->connections.places[i];

		if (seen->key == 0 || (seen->ends > 0 && seen->ends >= seen->starts))
			continue;
		if (seen->starts > seen->ends)
			without_end += (uint64_t)(seen->starts - seen->ends);
		else if (in_the_sum(model, seen))
			continue;
		else if (model->report.no_debug || seen->marks & SEEN_NO_SOCKET)
			undecided++;
		else
			without_end++;
	}
	totals->without_end = without_end;
	totals->undecided += undecided;
	totals->connections += without_end + undecided;
}

static void find_unexplained(struct model *model)
{
	for (size_t i = 0; i < model->deaths.size; i++) {
		const struct seen *death = &model->deaths.places[i];

		if (death->key && death->starts > death->ends)
			model->report.totals.unexplained += (uint64_t)(death->starts - death->ends);
	}
}

static void list_chosen(struct model *model)
{
	size_t count;

	model->chosen_stories = stories_of(&model->chosen, &count);
	model->chosen_list = calloc(count + 1, sizeof(*model->chosen_list));
	if (!model->chosen_stories || !model->chosen_list)
		return;
	for (size_t i = 0; i < count; i++)
		model->chosen_list[i] = &model->chosen_stories[i];
	model->report.chosen = model->chosen_list;
	model->report.chosen_count = count;
}

struct report *model_report(struct model *model)
{
	struct report *report = &model->report;

	find_unended(model);
	find_unexplained(model);
	list_chosen(model);
	if (!model->groups.sorted)
		groups_sort(&model->groups);
	for (size_t i = 0; i < model->wanted_count; i++)
		if (model->wanted[i]->events.count > 0)
			choose_story(model->wanted[i]);
	report->groups = model->groups.sorted;
	report->groups_count = model->groups.count;
	report->groups_left_out = model->groups.left_out;
	tally_sort(&model->programs);
	tally_sort(&model->versions);
	tally_sort(&model->ciphers);
	report->programs = model->programs.counts;
	report->programs_count = model->programs.used;
	report->versions = model->versions.counts;
	report->versions_count = model->versions.used;
	report->ciphers = model->ciphers.counts;
	report->ciphers_count = model->ciphers.used;
	return report;
}

void model_free(struct model *model)
{
	if (!model)
		return;
	groups_free(&model->groups);
	stories_events_free(&model->chosen);
	free(model->chosen_stories);
	free(model->chosen_list);
	free(model->wanted);
	seen_free(&model->connections);
	seen_free(&model->processes);
	seen_free(&model->deaths);
	tally_free(&model->programs);
	tally_free(&model->versions);
	tally_free(&model->ciphers);
	free(model);
}
