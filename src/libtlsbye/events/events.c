/* SPDX-License-Identifier: MIT */
/*
 * From what is known of a connection to an event, and from there to a line (events.h).
 */
#include "events/events.h"

#define PROBES_HAVE_SEMAPHORES
#include "events/lines.h"
#include "events/log.h"
#include "events/probes.h"
#include "connection/hidden_calls.h"
#include "connection/socket.h"
#include "connection/which_socket.h"
#include "sys/blocked_signals.h"
#include "sys/clock.h"
#include "sys/errno_names.h"
#include "sys/process.h"
#include "sys/settings.h"
#include "events/verdict.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static char program[EVENT_PROGRAM_MAX];

void events_init(void)
{
	/* A copy: daemons write a title over their arguments, which is where this points. */
	const char *name = program_invocation_short_name;
	for (size_t i = 0; i < sizeof program - 1 && name[i]; i++)
		program[i] = name[i];
	log_init();
}

/* --- saying it --- */

static void write_line(struct text *line, const struct event *event)
{
	if (settings->log_format == FORMAT_JSON)
		event_json_sites_line(line, event);
	else
		event_text(line, event);
	log_write(line);
}

/* No buffer, and the kernel has no page for one: what matters most of the event fits into less. */
__attribute__((noinline)) static void write_short_line(const struct event *event)
{
	char bytes[1024];
	struct text line = text_in(bytes, sizeof bytes);
	write_line(&line, event);
}

/* write() is a cancellation point, and the calls that tell of something need not be any; nor is a line kept for ever. */
static void say(struct event *event)
{
	int saved = errno;
	struct blocked_signals before;
	struct text line;
	blocked_signals_begin(&before, true);
	event->mode = settings->mode;
	event->time_us = clock_of_day_us();
	event->program = program;
	event->pid = process_id();
	if (lines_take(&line)) {
		write_line(&line, event);
		lines_give_back(&line);
	} else {
		write_short_line(event);
	}
	blocked_signals_end(&before);
	errno = saved;
}

static bool is_wanted(enum level level)
{
	return settings->mode != MODE_OFF && settings->log_level >= level;
}

/* --- settings --- */

static void add_piece(struct event *event, const char *bytes, size_t most)
{
	struct event_setting *setting = &event->setting;
	setting->pieces[setting->count].bytes = bytes;
	setting->pieces[setting->count++].length = strnlen(bytes, most);
}

enum { QUOTED_MAX = 200, PATH_MAX_QUOTED = 400 };

static void complain(struct event *event)
{
	event->kind = EVENT_SETTING;
	event->level = LEVEL_WARN;
	say(event);
}

void events_complain(const struct setting_complaint *complaint)
{
	struct event event = {0};
	if (!complaint->text) {
		add_piece(&event, complaint->name,
			  complaint->name_length < QUOTED_MAX ? complaint->name_length : QUOTED_MAX);
		add_piece(&event, ": no such setting; ignored (libtlsbye.so(8) lists them)", PTRDIFF_MAX);
		complain(&event);
		return;
	}
	add_piece(&event, SETTING_PREFIX, PTRDIFF_MAX);
	add_piece(&event, complaint->name, complaint->name_length);
	add_piece(&event, "=", PTRDIFF_MAX);
	add_piece(&event, complaint->text, QUOTED_MAX);
	add_piece(&event, ": ", PTRDIFF_MAX);
	add_piece(&event, complaint->refusal, PTRDIFF_MAX);
	add_piece(&event, "; using ", PTRDIFF_MAX);
	add_piece(&event, *complaint->fallback ? complaint->fallback : "none", PTRDIFF_MAX);
	complain(&event);
}

void events_bad_log(const char *path, int error)
{
	struct event event = {0};
	add_piece(&event, "TLSBYE_LOG=", PTRDIFF_MAX);
	add_piece(&event, path, PATH_MAX_QUOTED);
	add_piece(&event, ": cannot be opened (", PTRDIFF_MAX);
	add_piece(&event, strerror(error), PTRDIFF_MAX);
	add_piece(&event, "); using stderr", PTRDIFF_MAX);
	complain(&event);
}

/* --- a connection's --- */

static enum transport transport_of(const struct connection *c)
{
	if (!c->socket.cookie)
		return TRANSPORT_UNKNOWN;
	return c->socket.datagram ? TRANSPORT_DATAGRAM : c->socket.is_unix ? TRANSPORT_UNIX : TRANSPORT_TCP;
}

void events_who(const struct connection *c, struct event_who *who)
{
	*who = (struct event_who){.number = c->number, .fd = -1, .role = c->seen.role};
	if (!c->socket.cookie)
		return;
	who->fd = c->socket.first_fd;
	who->transport = transport_of(c);
	if (atomic_load(&c->socket.addresses) == ADDRESSES_ASKED_FOR)
		return;
	who->local = c->socket.local;
	who->peer = c->socket.peer;
}

static void who_with_addresses(struct connection *c, struct event_who *who)
{
	int fd = atomic_load(&c->socket.fd);
	bool unknown = atomic_load(&c->socket.addresses) == ADDRESSES_UNKNOWN;
	if (unknown && fd >= 0 && socket_is_of(c, fd)) /* it may be another's by now */
		which_socket_addresses(c, fd);
	events_who(c, who);
}

static struct event about(struct connection *c, enum event_kind kind, enum level level)
{
	struct event event = {.kind = kind, .level = level, .sites = &c->sites};
	who_with_addresses(c, &event.who);
	return event;
}

/* In a probe. */
static int told_fd(const struct connection *c)
{
	return c->socket.cookie ? c->socket.first_fd : -1;
}

SLOWLY static void say_tracked(struct connection *c)
{
	struct event event = about(c, EVENT_TRACKED, LEVEL_DEBUG);
	say(&event);
}

void events_tracked(struct connection *c)
{
	if (!c->socket.cookie || c->socket.tracked_us)
		return;
	c->socket.tracked_us = clock_us();
	PROBE(tracked, c->number, told_fd(c));
	if (is_wanted(LEVEL_DEBUG))
		say_tracked(c);
}

static uint64_t us_since_tracked(const struct connection *c)
{
	return c->socket.tracked_us ? clock_us() - c->socket.tracked_us : 0;
}

/* Of a connection whose socket is not known (memory BIOs) no step is told. */
static bool step_is_wanted(const struct connection *c)
{
	return c->socket.tracked_us && is_wanted(LEVEL_DEBUG);
}

SLOWLY static void say_handshake(struct connection *c, SSL *ssl)
{
	struct event event = about(c, EVENT_HANDSHAKE, LEVEL_DEBUG);
	const SSL_CIPHER *cipher = c->lib->SSL_get_current_cipher(ssl);
	event.handshake =
		(struct event_handshake){.version = c->lib->SSL_get_version(ssl),
					 .cipher = cipher ? c->lib->SSL_CIPHER_get_name(cipher) : NULL,
					 .resumed = c->lib->SSL_session_reused(ssl) == 1,
					 .us = us_since_tracked(c)};
	say(&event);
}

void events_handshake(struct connection *c, SSL *ssl)
{
	if (PROBE_IS_TRACED(handshake))
		PROBE(handshake, c->number, told_fd(c), c->lib->SSL_get_version(ssl));
	if (step_is_wanted(c))
		say_handshake(c, ssl);
}

static enum notify_result notify_result(const struct connection *c, enum reason why)
{
	if (c->released.notify != NOTIFY_NONE)
		return c->released.notify == NOTIFY_PENDING || residue_any(&c->released.residue)
			       ? NOTIFY_RESULT_PENDING
			       : NOTIFY_RESULT_SENT;
	return why == MAY_SPEAK ? NOTIFY_RESULT_WOULD_SEND : NOTIFY_RESULT_SILENT;
}

SLOWLY static void tell_notify(struct connection *c, enum by by, enum reason why)
{
	struct event_step step = {.by = by, .result = notify_result(c, why), .why = why};
	bool would = step.result == NOTIFY_RESULT_WOULD_SEND;
	uint32_t now = 1 + step.result + ((uint32_t)why << 8);
	if ((would && (by == BY_PROGRAM || settings->mode == MODE_CURE)) ||
	    atomic_exchange(&c->released.told_notify, now) == now)
		return;
	PROBE(notify, c->number, told_fd(c), event_names_by(by), event_names_result(step.result));
	if (!step_is_wanted(c))
		return;
	struct event event = about(c, EVENT_NOTIFY, LEVEL_DEBUG);
	event.step = step;
	say(&event);
}

void events_notify(struct connection *c, enum by by, enum reason why)
{
	if (settings->mode != MODE_OFF && (PROBE_IS_TRACED(notify) || step_is_wanted(c)))
		tell_notify(c, by, why);
}

SLOWLY static void say_half_close(struct connection *c, enum by by)
{
	struct event event = about(c, EVENT_HALF_CLOSE, LEVEL_DEBUG);
	event.step.by = by;
	say(&event);
}

void events_half_close(struct connection *c, enum by by)
{
	if (PROBE_IS_TRACED(half_close))
		PROBE(half_close, c->number, told_fd(c), event_names_by(by));
	if (step_is_wanted(c))
		say_half_close(c, by);
}

void events_hidden_end(struct connection *c, uint64_t bytes, bool certain)
{
	if (!is_wanted(LEVEL_WARN))
		return;
	struct event event = about(c, EVENT_HIDDEN_END, LEVEL_WARN);
	event.hidden = (struct event_hidden){.certain = certain, .bytes = bytes};
	say(&event);
}

void events_late_call(struct connection *c, const char *call, uint32_t other, bool held_back)
{
	if (!is_wanted(LEVEL_WARN))
		return;
	struct event event = about(c, EVENT_LATE_CALL, LEVEL_WARN);
	event.late_call = (struct event_late_call){call, other, held_back};
	say(&event);
}

static void fail(struct connection *c, enum event_kind kind, struct event_failure *failure)
{
	struct event event = about(c, kind, LEVEL_INFO);
	failure->bytes_read = c->bytes_read;
	failure->bytes_written = connection_bytes_written(c);
	failure->peer_notified = c->seen.peer_notified;
	event.failure = *failure;
	if (kind == EVENT_READ_FAILED)
		PROBE(read_failed, c->number, told_fd(c), failure->call, failure->errno_value,
		      event_names_cause(failure->cause), failure->bytes_read);
	else
		PROBE(write_incomplete, c->number, told_fd(c), failure->call, failure->errno_value,
		      event_names_cause(failure->cause), failure->requested, failure->bytes_written);
	if (!is_wanted(event.level))
		return;
	say(&event);
}

void events_read_failed(struct connection *c, struct event_failure *failure)
{
	fail(c, EVENT_READ_FAILED, failure);
}

void events_write_incomplete(struct connection *c, struct event_failure *failure)
{
	fail(c, EVENT_WRITE_INCOMPLETE, failure);
}

/* --- its end --- */

/* The program let go of it, and its last write was never repeated. */
static void tell_unfinished(struct connection *c)
{
	const char *name = c->sites.at[SITE_WRITE].name;
	if (!c->seen.unfinished || !name || c->seen.write_failure_told || c->released.reason == NOT_OWNER ||
	    c->released.reason == COPIED)
		return;
	c->seen.write_failure_told = true;
	struct event_failure failure = {
		.call = name,
		.error = c->seen.write_error ? errno_names_of_ssl(c->seen.write_error) : NULL,
		.requested = c->seen.write_requested,
	};
	events_write_incomplete(c, &failure);
}

static void add_program_facts(struct event_end *end, const struct connection *c)
{
	const struct seen *seen = &c->seen;
	end->called_shutdown = seen->called_shutdown;
	end->handshake = seen->handshaken;
	end->bytes_read = c->bytes_read;
	end->bytes_written = connection_bytes_written(c);
	end->unread_tls = seen->unread_tls;
	end->never_read = seen->never_read;
	end->unflushed = seen->unflushed;
	end->unfinished = seen->unfinished;
	end->peer_notified = seen->peer_notified;
	end->peer_hidden = seen->peer_hidden;
	end->fatal_error = seen->fatal_error;
	end->peer_broke_it = seen->peer_broke_it;
	end->wrote_to_closed_peer = seen->wrote_to_closed_peer;
	end->bad_write_retry = seen->bad_write_retry;
	end->writes_seen = seen->born && !hidden_calls_any();
}

static void add_release_facts(struct event_end *end, const struct connection *c)
{
	const struct released *released = &c->released;
	bool said = released->notify == NOTIFY_SENT;
	end->close_paths = atomic_load(&released->close_paths);
	end->close_notify = !said ? BY_NOBODY : released->notify_by_program ? BY_PROGRAM : BY_TLSBYE;
	end->why = said ? MAY_SPEAK : released->reason;
	end->would_notify = !said && released->reason == MAY_SPEAK;
	end->abort_meant = released->reason == ABORT_MEANT;
	end->completed_record = released->completed_record;
	end->half_closed = released->half_closed;
	end->shared = released->shared;
	end->not_ours = atomic_load(&released->not_ours);
	end->shut_both = released->shut_both;
	end->residue_left = residue_any(&released->residue);
	end->said_bytes = released->said_bytes;
	end->peer_end = released->peer_end;
}

static void add_queues(struct event_end *end, const struct queues *queues)
{
	end->queues_known = queues->measured;
	end->unread = queues->unread;
	end->unsent = queues->unsent;
	end->not_sent = queues->not_sent;
	end->taken = queues->taken;
	end->window = queues->window;
	end->over = queues->over;
	end->peer_has_ended = queues->peer_has_ended;
}

void events_end_facts(const struct connection *c, struct event_end *end)
{
	*end = (struct event_end){.socket_known = c->socket.cookie != 0, .us = us_since_tracked(c)};
	add_program_facts(end, c);
	add_release_facts(end, c);
	add_queues(end, &c->queues);
}

bool events_end_begins(struct connection *c)
{
	if (atomic_exchange(&c->released.told, true) || settings->mode == MODE_OFF)
		return false;
	tell_unfinished(c);
	return true;
}

static void tell_end(struct connection *c)
{
	struct event event = {.kind = EVENT_END, .sites = &c->sites};
	events_end_facts(c, &event.end);
	verdict_give(&event.end, transport_of(c));
	PROBE(end, c->number, told_fd(c), event_names_verdict(event.end.verdict),
	      event_names_by(event.end.close_notify), event.end.faults, event.end.bytes_read,
	      event.end.bytes_written);
	event.level = verdict_level(&event.end);
	if (!is_wanted(event.level))
		return;
	who_with_addresses(c, &event.who);
	say(&event);
}

void events_end(struct connection *c)
{
	if (events_end_begins(c) && events_end_is_heard())
		tell_end(c);
}

bool events_end_may_be_told(void)
{
	return is_wanted(LEVEL_INFO);
}

bool events_end_is_heard(void)
{
	return PROBE_IS_TRACED(end) || events_end_may_be_told();
}

bool events_steps_may_be_told(void)
{
	return is_wanted(LEVEL_DEBUG);
}

const char *events_program(void)
{
	return program;
}

void events_out_of_reach(struct connection *c, enum level level, const struct event_out_of_reach *facts)
{
	if (!is_wanted(level))
		return;
	struct event event = {.kind = EVENT_OUT_OF_REACH, .level = level};
	if (c)
		events_who(c, &event.who);
	event.out_of_reach = *facts;
	say(&event);
}

void events_hand_over(enum way_place way, int error)
{
	static _Atomic uint32_t said;
	if (!is_wanted(LEVEL_WARN) || atomic_fetch_or(&said, 1u << way) & 1u << way)
		return;
	struct event event = {.kind = EVENT_HAND_OVER, .level = LEVEL_WARN};
	event.hand_over = (struct event_hand_over){.way = way, .errno_value = error};
	say(&event);
}
