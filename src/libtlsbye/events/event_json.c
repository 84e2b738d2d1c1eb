/* SPDX-License-Identifier: MIT */
/*
 * An event as one JSON object (event.h): man/tlsbye-events.5 and schema/tlsbye-events.schema.json say what stands in it.
 * A key that is not known is absent. A change of what a key means, and the loss of one that always stood, is a new
 * SCHEMA_VERSION; a new key is none.
 */
#include "sys/errno_names.h"
#include "events/event.h"
#include "sys/json.h"

enum { SCHEMA_VERSION = 1 };

/* Arrays of bytes and not of pointers: these would be relocated at the start of every process. */
static const char modes[][8] = {
	[MODE_CURE] = "cure", [MODE_OBSERVE] = "observe", [MODE_OFF] = ""}; /* off: not read yet */
static const char levels[][6] = {[LEVEL_OFF] = "off",
				 [LEVEL_ERROR] = "error",
				 [LEVEL_WARN] = "warn",
				 [LEVEL_INFO] = "info",
				 [LEVEL_DEBUG] = "debug"};
/* "": not known. */
static void add_word(struct text *line, const char *key, const char *word)
{
	if (*word)
		json_string(line, key, word);
}

/* --- what all have --- */

static void add_time(struct text *line, uint64_t us)
{
	char fraction[7] = {0};
	size_t mark = json_mark(line);
	uint64_t rest = us % 1000000;
	for (int i = 5; i >= 0; i--, rest /= 10)
		fraction[i] = (char)('0' + rest % 10);
	json_key(line, "time");
	text_add_number(line, us / 1000000);
	text_add(line, ".");
	text_add(line, fraction);
	json_fits(line, mark);
}

static void add_endpoint(struct text *line, const char *key, const union endpoint *endpoint)
{
	size_t mark = json_mark(line);
	json_key(line, key);
	text_add(line, "\"");
	event_text_endpoint(line, endpoint); /* digits and names of ours: nothing to be escaped */
	text_add(line, "\"");
	json_fits(line, mark);
}

static void add_id(struct text *line, const struct event *event)
{
	size_t mark = json_mark(line);
	json_key(line, "id");
	text_add(line, "\"");
	text_add_number(line, (uint64_t)event->pid);
	text_add(line, ".");
	text_add_number(line, event->who.number);
	text_add(line, "\"");
	json_fits(line, mark);
}

static void add_who(struct text *line, const struct event *event)
{
	const struct event_who *who = &event->who;
	if (!who->number)
		return;
	add_id(line, event);
	if (who->fd >= 0) {
		json_number(line, "fd", (uint64_t)who->fd);
		add_word(line, "transport", event_names_transport(who->transport));
		add_endpoint(line, "local", &who->local);
		add_endpoint(line, "peer", &who->peer);
	}
	add_word(line, "role", event_names_role(who->role));
}

static void add_common(struct text *line, const struct event *event)
{
	json_number(line, "v", SCHEMA_VERSION);
	add_word(line, "event", event_names_kind(event->kind));
	add_time(line, event->time_us);
	json_string(line, "program", event->program);
	json_number(line, "pid", (uint64_t)event->pid);
	add_word(line, "mode", modes[event->mode]);
	add_word(line, "level", levels[event->level]);
}

/* --- the end --- */

static void add_close_paths(struct text *line, uint32_t close_paths)
{
	size_t mark = json_mark(line);
	json_open(line, "doors", '[');
	for (unsigned i = 0; i < CLOSE_PATH_COUNT; i++)
		if (close_paths & 1u << i)
			json_string(line, NULL, event_names_close_path(i));
	json_close(line, ']');
	json_fits(line, mark);
}

static void add_program(struct text *line, const struct event *event)
{
	const struct event_end *end = &event->end;
	add_close_paths(line, end->close_paths);
	json_bool(line, "called_shutdown", end->called_shutdown);
	add_word(line, "close_notify", event_names_by(end->close_notify));
	if (event->mode == MODE_OBSERVE)
		json_bool(line, "would_notify", end->would_notify);
	if (end->close_notify == BY_NOBODY)
		add_word(line, "why", event_names_reason(event_names_why(event)));
	json_bool(line, "handshake", end->handshake);
	json_number(line, "bytes_read", end->bytes_read);
	json_number(line, "bytes_written", end->bytes_written);
	if (!end->writes_seen)
		json_bool(line, "bytes_partial", true);
	if (end->queues_known)
		json_number(line, "unread", end->unread);
	json_number(line, "unread_tls", end->unread_tls);
	json_number(line, "never_read", end->never_read);
	json_number(line, "unflushed", end->unflushed);
	json_number(line, "unfinished", end->unfinished);
}

static void add_kernel(struct text *line, const struct event_end *end)
{
	if (end->queues_known) {
		json_number(line, "unsent", end->unsent);
		json_number(line, "not_sent", end->not_sent);
	}
	add_word(line, "will_reset", event_names_reset(end->will_reset));
	if (end->abort_meant)
		json_bool(line, "abort_meant", true);
}

static void add_ours_and_peer(struct text *line, const struct event *event)
{
	const struct event_end *end = &event->end;
	if (event->mode == MODE_CURE) {
		json_bool(line, "completed_record", end->completed_record);
		json_bool(line, "half_closed", end->half_closed);
	}
	if (end->lingered) {
		json_number(line, "drained", end->drained);
		json_number(line, "drain_us", end->drain_us);
	}
	json_bool(line, "peer_notified", end->peer_notified);
	add_word(line, "peer_hidden", event_names_hidden(end->peer_hidden));
	add_word(line, "peer_end", event_names_peer_end(end->peer_end));
}

static void add_faults(struct text *line, uint32_t faults)
{
	size_t mark = json_mark(line);
	json_open(line, "faults", '[');
	for (unsigned i = 0; i < FAULT_COUNT; i++)
		if (faults & 1u << i)
			json_string(line, NULL, event_names_fault(i));
	json_close(line, ']');
	json_fits(line, mark);
}

static void add_verdict(struct text *line, const struct event_end *end)
{
	add_word(line, "verdict", event_names_verdict(end->verdict));
	add_word(line, "data", event_names_data(end->data));
	if (end->lost_bytes)
		json_number(line, "lost_bytes", end->lost_bytes);
	add_faults(line, end->faults);
	if (end->us)
		json_number(line, "us", end->us);
}

static void add_end(struct text *line, const struct event *event)
{
	add_program(line, event);
	add_kernel(line, &event->end);
	add_ours_and_peer(line, event);
	add_verdict(line, &event->end);
}

/* --- on the way to it --- */

static void add_handshake(struct text *line, const struct event_handshake *handshake)
{
	json_string(line, "version", handshake->version);
	json_string(line, "cipher", handshake->cipher);
	json_bool(line, "resumed", handshake->resumed);
	if (handshake->us)
		json_number(line, "us", handshake->us);
}

/* One of read-failed and write-incomplete. */
static void add_failure(struct text *line, const struct event_failure *failure, bool of_write)
{
	json_string(line, "call", failure->call);
	json_string(line, "error", failure->error);
	json_string(line, "errno", errno_names_find(failure->errno_value));
	if (failure->reason && *failure->reason)
		json_string(line, "reason", failure->reason);
	if (of_write)
		json_number(line, "requested", failure->requested);
	else
		json_number(line, "bytes_read", failure->bytes_read);
	json_number(line, "bytes_written", failure->bytes_written);
	add_word(line, "peer_end", event_names_peer_state(failure->peer));
	json_bool(line, "peer_notified", failure->peer_notified);
	add_word(line, "cause", event_names_cause(failure->cause));
	json_string(line, "alert", failure->alert);
}

static void add_notify(struct text *line, const struct event_step *step)
{
	add_word(line, "by", event_names_by(step->by));
	add_word(line, "result", event_names_result(step->result));
	if (step->result == NOTIFY_RESULT_SILENT)
		add_word(line, "why", event_names_reason(step->why));
}

static void add_drain(struct text *line, const struct event_drain *drain)
{
	json_number(line, "bytes", drain->bytes);
	json_number(line, "us", drain->us);
	add_word(line, "ended_by", event_names_peer_end(drain->ended_by));
}

static void add_late_call(struct text *line, const struct event *event)
{
	size_t mark = json_mark(line);
	json_string(line, "call", event->late_call.call);
	if (event->late_call.other) {
		json_key(line, "other");
		text_add(line, "\"");
		text_add_number(line, (uint64_t)event->pid);
		text_add(line, ".");
		text_add_number(line, event->late_call.other);
		text_add(line, "\"");
	}
	json_bool(line, "held_back", event->late_call.held_back);
	json_fits(line, mark);
}

static void add_setting(struct text *line, const struct event_setting *setting)
{
	size_t mark = json_mark(line);
	json_key(line, "text");
	text_add(line, "\"");
	for (unsigned i = 0; i < setting->count; i++)
		json_quote(line, setting->pieces[i].bytes, setting->pieces[i].length);
	text_add(line, "\"");
	json_fits(line, mark);
}

static void add_out_of_reach(struct text *line, const struct event *event)
{
	const struct event_out_of_reach *facts = &event->out_of_reach;
	json_number(line, "count", facts->count);
	if (event->who.number && facts->knows_of_shutdown)
		json_bool(line, "called_shutdown", facts->called_shutdown);
}

static void add_what(struct text *line, const struct event *event)
{
	switch (event->kind) {
	case EVENT_HANDSHAKE:
		add_handshake(line, &event->handshake);
		return;
	case EVENT_READ_FAILED:
	case EVENT_WRITE_INCOMPLETE:
		add_failure(line, &event->failure, event->kind == EVENT_WRITE_INCOMPLETE);
		return;
	case EVENT_HIDDEN_END:
		json_bool(line, "certain", event->hidden.certain);
		json_number(line, "bytes", event->hidden.bytes);
		return;
	case EVENT_NOTIFY:
		add_notify(line, &event->step);
		return;
	case EVENT_HALF_CLOSE:
		add_word(line, "by", event_names_by(event->step.by));
		return;
	case EVENT_DRAIN:
		add_drain(line, &event->drain);
		return;
	case EVENT_END:
		add_end(line, event);
		return;
	case EVENT_SETTING:
		add_setting(line, &event->setting);
		return;
	case EVENT_HAND_OVER:
		add_word(line, "way", event_names_way(event->hand_over.way));
		add_word(line, "errno", errno_names_find(event->hand_over.errno_value));
		return;
	case EVENT_LATE_CALL:
		add_late_call(line, event);
		return;
	case EVENT_KILLED:
		json_string(line, "signal", event->killed.signal);
		return;
	case EVENT_OUT_OF_REACH:
		add_out_of_reach(line, event);
		return;
	case EVENT_TRACKED:
	case EVENT_CUT_SHORT:
	case EVENT_KIND_COUNT:
		return;
	}
}

void event_json_open(struct text *line, const struct event *event)
{
	json_begin(line);
	add_common(line, event);
	add_who(line, event);
	add_what(line, event);
}

/* All or none of them: half of it would be no JSON. */
static void add_rendered_sites(struct text *line, const struct event *event)
{
	size_t mark = json_mark(line);
	json_key(line, NULL);
	text_add_bytes(line, event->sites_json.bytes, event->sites_json.length);
	json_fits(line, mark);
}

void event_json(struct text *line, const struct event *event)
{
	event_json_open(line, event);
	if (event->sites_json.length)
		add_rendered_sites(line, event);
	json_end(line);
}
