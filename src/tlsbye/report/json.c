/* SPDX-License-Identifier: MIT */
/*
 * Written by yajl, so that whatever a log had in it comes out as valid JSON.
 *
 * Rules: what is not known is left out; counts are always there. Everything in here is described in tlsbye-report(1).
 */
#include "json.h"

#include <inttypes.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "../json_string.h"
#include "rules.h"

static void key(yajl_gen gen, const char *name)
{
	json_string_write(gen, name);
}

static void put_text(yajl_gen gen, const char *name, const char *text)
{
	if (!text)
		return;
	key(gen, name);
	json_string_write(gen, text);
}

/* Not by yajl_gen_integer(): addresses and sums may be too large for its long long. */
static void put_count(yajl_gen gen, const char *name, uint64_t count)
{
	char number[24];
	int length = snprintf(number, sizeof(number), "%" PRIu64, count);

	key(gen, name);
	yajl_gen_number(gen, number, (size_t)length);
}

static void put_truth(yajl_gen gen, const char *name, bool value)
{
	key(gen, name);
	yajl_gen_bool(gen, value);
}

/* As the events have it: six digits behind the point, which a double can hold. */
static void put_time(yajl_gen gen, const char *name, double time)
{
	char number[40];
	int length = snprintf(number, sizeof(number), "%.6f", time);

	key(gen, name);
	yajl_gen_number(gen, number, (size_t)length);
}

/* {"16":3, "32":9}: so many below 16 µs, so many more below 32. */
static void put_times(yajl_gen gen, const char *name, const struct times *times)
{
	char below[24];

	key(gen, name);
	yajl_gen_map_open(gen);
	for (int i = 0; i < TIME_BUCKETS; i++) {
		if (times->buckets[i] == 0)
			continue;
		if (i == TIME_BUCKETS - 1)
			snprintf(below, sizeof(below), "longer");
		else
			snprintf(below, sizeof(below), "%llu", 1ULL << i);
		put_count(gen, below, times->buckets[i]);
	}
	yajl_gen_map_close(gen);
}

static void put_counts(yajl_gen gen, const char *name, const struct count *counts, size_t size)
{
	key(gen, name);
	yajl_gen_map_open(gen);
	for (size_t i = 0; i < size; i++)
		put_count(gen, counts[i].name, counts[i].count);
	yajl_gen_map_close(gen);
}

static void put_totals(yajl_gen gen, const struct totals *totals)
{
	key(gen, "totals");
	yajl_gen_map_open(gen);
	put_count(gen, "events", totals->events);
	put_count(gen, "processes", totals->processes);
	put_count(gen, "connections", totals->connections);
	put_count(gen, "clean", totals->clean);
	put_count(gen, "cured", totals->cured);
	put_count(gen, "wrong", totals->wrong);
	put_count(gen, "meant", totals->meant);
	put_count(gen, "without_end", totals->without_end);
	put_count(gen, "untold", totals->untold);
	put_count(gen, "undecided", totals->undecided);
	put_count(gen, "out_of_reach", totals->out_of_reach);
	put_count(gen, "foreign", totals->foreign);
	put_count(gen, "lost", totals->lost);
	put_count(gen, "lost_bytes", totals->lost_bytes);
	put_count(gen, "data_unknown", totals->data_unknown);
	put_count(gen, "resets", totals->resets);
	put_count(gen, "abandoned", totals->abandoned);
	put_count(gen, "reads_failed", totals->reads_failed);
	put_count(gen, "left_in_handshake", totals->left_in_handshake);
	put_count(gen, "hidden_ends", totals->hidden_ends);
	put_count(gen, "killed", totals->killed);
	put_count(gen, "cut_short", totals->cut_short);
	put_times(gen, "drain_us", &totals->drain);
	yajl_gen_map_close(gen);
}

static void put_read(yajl_gen gen, const struct report *report)
{
	key(gen, "files");
	yajl_gen_array_open(gen);
	for (size_t i = 0; i < report->files_count; i++)
		json_string_write(gen, report->files[i]);
	yajl_gen_array_close(gen);
	put_count(gen, "bytes", report->bytes);
	put_count(gen, "lines", report->lines);
	put_count(gen, "lines_skipped", report->lines_skipped);
	key(gen, "skipped");
	yajl_gen_array_open(gen);
	for (size_t i = 0; i < report->skipped_count; i++) {
		const struct skipped *skipped = &report->skipped[i];

		if (skipped->lines == 0)
			continue;
		yajl_gen_map_open(gen);
		put_text(gen, "reason", skipped->reason);
		put_text(gen, "hint", skipped->hint);
		put_count(gen, "lines", skipped->lines);
		put_text(gen, "file", skipped->file);
		put_count(gen, "line", skipped->line);
		yajl_gen_map_close(gen);
	}
	yajl_gen_array_close(gen);
}

static void put_frame(yajl_gen gen, const struct frame *frame, struct source *source)
{
	const struct place *place = source_resolve(source, frame);

	yajl_gen_map_open(gen);
	if (frame->object) {
		put_text(gen, "object", frame->object->path);
		put_text(gen, "build_id", frame->object->build_id);
	}
	put_count(gen, "offset", frame->offset);
	put_text(gen, "function", place->function);
	put_text(gen, "file", place->file);
	if (place->line > 0)
		put_count(gen, "line", (uint64_t)place->line);
	put_text(gen, "inlined", place->inlined);
	put_text(gen, "code", place->code);
	put_text(gen, "why", place->why);
	yajl_gen_map_close(gen);
}

/* All call sites of the worst connection: the one that the group is about is named by "call". */
static void put_sites(yajl_gen gen, const struct group *group, struct source *source)
{
	put_text(gen, "call", group->site.call);
	key(gen, "sites");
	yajl_gen_map_open(gen);
	for (size_t i = 0; i < group->example->sites_count; i++) {
		const struct site *site = &group->example->sites[i];

		key(gen, site->call);
		yajl_gen_array_open(gen);
		for (size_t k = 0; k < site->count; k++)
			put_frame(gen, &site->frames[k], source);
		yajl_gen_array_close(gen);
	}
	yajl_gen_map_close(gen);
}

static void put_advice(yajl_gen gen, const struct group *group, struct source *source)
{
	const struct rule *rule = rules_for(group);
	struct advice advice;

	rules_advise(group, source, &advice);
	put_text(gen, "what", rule->what);
	put_text(gen, "effect", rule->effect);
	put_text(gen, "rule", rule->broken);
	put_text(gen, "where", rule->where);
	put_text(gen, "elsewhere", rule->elsewhere);
	if (*advice.probe)
		put_text(gen, "probe", advice.probe);
	if (*advice.line)
		put_text(gen, "write", advice.line);
	put_text(gen, "lines", rule->lines);
	put_text(gen, "language", rule->language);
}

static void put_group(yajl_gen gen, const struct group *group, struct source *source)
{
	static const char *const kinds[] = {[GROUP_FAULT] = "fault",
					    [GROUP_HIDDEN_END] = "hidden-end",
					    [GROUP_READ_FAILED] = "read-failed",
					    [GROUP_LATE_CALL] = "late-call",
					    [GROUP_KILLED] = "killed",
					    [GROUP_WRITE_INCOMPLETE] = "write-incomplete",
					    [GROUP_OUT_OF_REACH] = "out-of-reach"};

	yajl_gen_map_open(gen);
	put_text(gen, "kind", kinds[group->kind]);
	put_text(gen, "code", group->code);
	put_text(gen, "program", group->program);
	put_sites(gen, group, source);
	put_count(gen, "connections", group->connections);
	put_count(gen, "cured", group->cured);
	put_count(gen, "wrong", group->wrong);
	put_count(gen, "lost", group->lost);
	put_count(gen, "lost_bytes", group->lost_bytes);
	put_count(gen, "safe", group->safe);
	put_count(gen, "data_unknown", group->data_unknown);
	put_count(gen, "resets", group->resets);
	put_count(gen, "resets_possible", group->resets_possible);
	put_times(gen, "drain_us", &group->drain);
	put_time(gen, "first", group->first);
	put_time(gen, "last", group->last);
	key(gen, "examples");
	yajl_gen_array_open(gen);
	for (size_t i = 0; i < group->stories_count; i++)
		json_string_write(gen, group->stories[i]->id);
	yajl_gen_array_close(gen);
	put_advice(gen, group, source);
	yajl_gen_map_close(gen);
}

static void put_report(yajl_gen gen, const struct report *report, struct source *source)
{
	yajl_gen_map_open(gen);
	put_count(gen, "report", REPORT_SCHEMA);
	put_read(gen, report);
	if (report->totals.events > 0) {
		put_time(gen, "first", report->totals.first);
		put_time(gen, "last", report->totals.last);
	}
	put_truth(gen, "only_info", report->no_debug);
	put_totals(gen, &report->totals);
	put_counts(gen, "programs", report->programs, report->programs_count);
	put_counts(gen, "versions", report->versions, report->versions_count);
	put_counts(gen, "ciphers", report->ciphers, report->ciphers_count);
	put_count(gen, "handshakes", report->handshakes);
	put_count(gen, "resumed", report->resumed);
	put_count(gen, "groups_left_out", report->groups_left_out);
	key(gen, "groups");
	yajl_gen_array_open(gen);
	for (size_t i = 0; i < report->groups_count; i++)
		put_group(gen, report->groups[i], source);
	yajl_gen_array_close(gen);
	yajl_gen_map_close(gen);
}

static void print(void *out, const char *text, size_t length)
{
	fwrite(text, 1, length, out);
}

void json_write(FILE *out, const struct report *report, struct source *source)
{
	yajl_gen gen = yajl_gen_alloc(NULL);

	if (!gen)
		return;
	yajl_gen_config(gen, yajl_gen_beautify, 1);
	yajl_gen_config(gen, yajl_gen_validate_utf8, 1);
	yajl_gen_config(gen, yajl_gen_indent_string, "  ");
	yajl_gen_config(gen, yajl_gen_print_callback, print, out);
	put_report(gen, report, source);
	yajl_gen_free(gen);
}
