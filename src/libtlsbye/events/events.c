/* SPDX-License-Identifier: MIT */
/*
 * From what is known of a connection to an event, and from there to a line (events.h).
 */
#include "events/events.h"

#include "linger/drain.h"
#include "observe/failure.h"
#include "sys/lines.h"
#include "sys/log.h"
#include "events/probes.h"
#include "connection/process.h"
#include "sys/settings.h"
#include "events/verdict.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

static char program[64];

void events_init(void)
{
	/* A copy: daemons write a title over their arguments, which is where this points. */
	const char *name = program_invocation_short_name;
	for (size_t i = 0; i < sizeof program - 1 && name[i]; i++)
		program[i] = name[i];
	log_init();
}

void event_thread_has_own_table(void)
{
	log_thread_has_own_table();
}

int events_try_log(const char *path)
{
	return log_try(path);
}

void events_flush(void)
{
	log_flush();
}

/* --- saying it --- */

static void write_line(struct text *line, const struct event *event)
{
	if (settings->log_format == FORMAT_JSON)
		event_json(line, event);
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

static uint64_t time_of_day_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* write() is a cancellation point, and the calls that tell of something need not be any. */
static void say(struct event *event)
{
	int saved = errno, cancel_state;
	struct text line;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	event->mode = settings->mode;
	event->time_us = time_of_day_us();
	event->program = program;
	event->pid = process_id();
	if (lines_take(&line)) {
		write_line(&line, event);
		lines_give_back(&line);
	} else {
		write_short_line(event);
	}
	pthread_setcancelstate(cancel_state, NULL);
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

/* The values are not read yet when these are said: LOG_LEVEL has no say in them. */
void events_bad_setting(const char *name, const char *text, const char *refusal, const char *fallback)
{
	struct event event = {0};
	add_piece(&event, SETTING_PREFIX, PTRDIFF_MAX);
	add_piece(&event, name, PTRDIFF_MAX);
	add_piece(&event, "=", PTRDIFF_MAX);
	add_piece(&event, text, QUOTED_MAX);
	add_piece(&event, ": ", PTRDIFF_MAX);
	add_piece(&event, refusal, PTRDIFF_MAX);
	add_piece(&event, "; using ", PTRDIFF_MAX);
	add_piece(&event, *fallback ? fallback : "none", PTRDIFF_MAX);
	complain(&event);
}

void events_unknown_setting(const char *name, size_t length)
{
	struct event event = {0};
	add_piece(&event, name, length < QUOTED_MAX ? length : QUOTED_MAX);
	add_piece(&event, ": no such setting; ignored (libtlsbye.so(8) lists them)", PTRDIFF_MAX);
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

static struct event about(const struct connection *c, enum event_kind kind, enum level level)
{
	struct event event = {.kind = kind, .level = level};
	event.sites = &c->sites;
	event.who = (struct event_who){.number = c->number, .fd = -1, .role = c->role};
	if (!c->cookie)
		return event;
	event.who.fd = c->first_fd;
	event.who.transport = c->datagram            ? TRANSPORT_DATAGRAM
			      : c->family == AF_UNIX ? TRANSPORT_UNIX
						     : TRANSPORT_TCP;
	event.who.local = c->local;
	event.who.peer = c->peer;
	return event;
}

/* In a probe. */
static int told_fd(const struct connection *c)
{
	return c->cookie ? c->first_fd : -1;
}

void events_tracked(struct connection *c)
{
	if (!c->cookie || c->tracked_us)
		return;
	c->tracked_us = clock_us();
	PROBE(tracked, c->number, told_fd(c));
	if (!is_wanted(LEVEL_DEBUG))
		return;
	struct event event = about(c, EVENT_TRACKED, LEVEL_DEBUG);
	say(&event);
}

static uint64_t us_since_tracked(const struct connection *c)
{
	return c->tracked_us ? clock_us() - c->tracked_us : 0;
}

/* Of a connection whose socket is not known (memory BIOs) no step is told. */
static bool step_is_wanted(const struct connection *c)
{
	return c->tracked_us && is_wanted(LEVEL_DEBUG);
}

void events_handshake(const struct connection *c, SSL *ssl)
{
	PROBE(handshake, c->number, told_fd(c), c->lib->SSL_get_version(ssl));
	if (!step_is_wanted(c))
		return;
	struct event event = about(c, EVENT_HANDSHAKE, LEVEL_DEBUG);
	const SSL_CIPHER *cipher = c->lib->SSL_get_current_cipher(ssl);
	event.handshake =
		(struct event_handshake){.version = c->lib->SSL_get_version(ssl),
					 .cipher = cipher ? c->lib->SSL_CIPHER_get_name(cipher) : NULL,
					 .resumed = c->lib->SSL_session_reused(ssl) == 1,
					 .us = us_since_tracked(c)};
	say(&event);
}

static enum notify_result notify_result(const struct connection *c, enum reason why)
{
	if (c->notify != NOTIFY_NONE)
		return c->notify == NOTIFY_PENDING || c->residue.sent < c->residue.length
			       ? NOTIFY_RESULT_PENDING
			       : NOTIFY_RESULT_SENT;
	return why == MAY_SPEAK ? NOTIFY_RESULT_WOULD_SEND : NOTIFY_RESULT_SILENT;
}

void events_notify(struct connection *c, enum by by, enum reason why)
{
	if (settings->mode == MODE_OFF)
		return;
	struct event event = about(c, EVENT_NOTIFY, LEVEL_DEBUG);
	event.step = (struct event_step){.by = by, .result = notify_result(c, why), .why = why};
	bool would = event.step.result == NOTIFY_RESULT_WOULD_SEND;
	uint32_t now = 1 + event.step.result + ((uint32_t)why << 8);
	if ((would && (by == BY_PROGRAM || settings->mode == MODE_CURE)) ||
	    atomic_exchange(&c->told_notify, now) == now)
		return;
	PROBE(notify, c->number, told_fd(c), event_json_name_of_by(by),
	      event_json_name_of_result(event.step.result));
	if (step_is_wanted(c))
		say(&event);
}

void events_half_close(const struct connection *c, enum by by)
{
	PROBE(half_close, c->number, told_fd(c), event_json_name_of_by(by));
	if (!step_is_wanted(c))
		return;
	struct event event = about(c, EVENT_HALF_CLOSE, LEVEL_DEBUG);
	event.step.by = by;
	say(&event);
}

void events_drain(const struct connection *c)
{
	PROBE(drain, c->number, told_fd(c), c->drained, c->drain_us,
	      event_json_name_of_peer_end(c->peer_end));
	if (!step_is_wanted(c))
		return;
	struct event event = about(c, EVENT_DRAIN, LEVEL_DEBUG);
	event.drain = (struct event_drain){.bytes = c->drained, .us = c->drain_us, .ended_by = c->peer_end};
	say(&event);
}

void events_hidden_end(const struct connection *c, uint64_t bytes, bool certain)
{
	if (!is_wanted(LEVEL_WARN))
		return;
	struct event event = about(c, EVENT_HIDDEN_END, LEVEL_WARN);
	event.hidden = (struct event_hidden){.certain = certain, .bytes = bytes};
	say(&event);
}

static void fail(const struct connection *c, enum event_kind kind, struct event_failure *failure)
{
	struct event event = about(c, kind, LEVEL_INFO);
	failure->bytes_read = c->bytes_read;
	failure->bytes_written = connection_bytes_written(c);
	failure->peer_notified = c->peer_notified;
	event.failure = *failure;
	if (kind == EVENT_READ_FAILED)
		PROBE(read_failed, c->number, told_fd(c), failure->call, failure->errno_value,
		      event_json_name_of_cause(failure->cause), failure->bytes_read);
	else
		PROBE(write_incomplete, c->number, told_fd(c), failure->call, failure->errno_value,
		      event_json_name_of_cause(failure->cause), failure->requested, failure->bytes_written);
	if (!is_wanted(event.level))
		return;
	say(&event);
}

void events_read_failed(const struct connection *c, struct event_failure *failure)
{
	fail(c, EVENT_READ_FAILED, failure);
}

void events_write_incomplete(const struct connection *c, struct event_failure *failure)
{
	fail(c, EVENT_WRITE_INCOMPLETE, failure);
}

/* --- its end --- */

/* Did the program leave nothing to be mended, and nothing to be told? */
static bool all_was_well(const struct event_end *end)
{
	bool another_cares = end->verdict == VERDICT_FOREIGN || end->abort_meant;
	return another_cares ||
	       (end->verdict == VERDICT_CLEAN && end->close_notify == BY_PROGRAM && !end->unread &&
		!end->unread_tls && !end->never_read && !end->unflushed && end->peer_end <= PEER_FIN);
}

static void add_end_facts(struct event_end *end, const struct connection *c)
{
	bool said = c->notify == NOTIFY_SENT;
	end->close_paths = atomic_load(&c->close_paths);
	end->called_shutdown = c->called_shutdown;
	end->close_notify = !said ? BY_NOBODY : c->notify_by_program ? BY_PROGRAM : BY_TLSBYE;
	end->why = said ? MAY_SPEAK : c->reason;
	end->would_notify = !said && c->reason == MAY_SPEAK;
	end->handshake = c->handshaken;
	end->bytes_read = c->bytes_read;
	end->bytes_written = connection_bytes_written(c);
	end->unread = c->unread;
	end->unread_tls = c->unread_tls;
	end->never_read = c->never_read;
	end->unflushed = c->unflushed;
	end->unfinished = c->unfinished;
	end->queues_known = c->measured;
	end->unsent = c->unsent;
	end->not_sent = c->not_sent;
	end->abort_meant = c->reason == ABORT_MEANT;
	end->completed_record = c->completed_record;
	end->half_closed = c->half_closed;
	end->lingered = c->lingered;
	end->drained = c->drained;
	end->drain_us = c->drain_us;
	end->peer_notified = c->peer_notified;
	end->peer_hidden = c->peer_hidden;
	end->peer_end = c->peer_end;
	end->us = us_since_tracked(c);
}

void events_end(struct connection *c)
{
	if (atomic_exchange(&c->told, true) || settings->mode == MODE_OFF)
		return;
	failure_of_unfinished(c);
	struct event event = about(c, EVENT_END, LEVEL_INFO);
	add_end_facts(&event.end, c);
	verdict_give(&event.end, c);
	PROBE(end, c->number, told_fd(c), event_json_name_of_verdict(event.end.verdict),
	      event_json_name_of_by(event.end.close_notify), event.end.faults, event.end.bytes_read,
	      event.end.bytes_written);
	if (all_was_well(&event.end))
		event.level = LEVEL_DEBUG;
	if (is_wanted(event.level))
		say(&event);
}

void events_out_of_reach(void)
{
	static _Atomic bool said;
	if (!is_wanted(LEVEL_DEBUG) || atomic_exchange(&said, true))
		return;
	struct event event = {.kind = EVENT_OUT_OF_REACH, .level = LEVEL_DEBUG};
	say(&event);
}
