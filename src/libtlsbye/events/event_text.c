/* SPDX-License-Identifier: MIT */
/*
 * An event as a line for people (event.h). A connection's end is told in the order in which a person asks: who; what the
 * program did; what we did; how the peer ended.
 */
#include "sys/errno_names.h"
#include "events/event.h"

#include <arpa/inet.h>
#include <string.h>

/* --- who --- */

static void add_v4(struct text *line, const struct in_addr *address)
{
	const unsigned char *byte = (const unsigned char *)address;
	for (int i = 0; i < 4; i++) {
		if (i)
			text_add(line, ".");
		text_add_number(line, byte[i]);
	}
}

/* Without the :: abbreviation: every group stands, which is plain and needs no library. */
static void add_v6(struct text *line, const struct in6_addr *address)
{
	if (IN6_IS_ADDR_V4MAPPED(address)) {
		struct in_addr v4;
		memcpy(&v4, &address->s6_addr[12], sizeof v4);
		add_v4(line, &v4);
		return;
	}
	if (IN6_IS_ADDR_LOOPBACK(address)) {
		text_add(line, "[::1]");
		return;
	}
	for (int i = 0; i < 16; i += 2) {
		text_add(line, i ? ":" : "[");
		text_add_hex(line, (uint32_t)address->s6_addr[i] << 8 | address->s6_addr[i + 1]);
	}
	text_add(line, "]");
}

void event_text_endpoint(struct text *line, const union endpoint *endpoint)
{
	if (endpoint->family == AF_INET)
		add_v4(line, &endpoint->v4.sin_addr);
	else if (endpoint->family == AF_INET6)
		add_v6(line, &endpoint->v6.sin6_addr);
	else
		text_add(line, endpoint->family == AF_UNIX ? "unix" : "unknown");
	if (endpoint->family == AF_INET || endpoint->family == AF_INET6) {
		text_add(line, ":");
		text_add_number(line, ntohs(endpoint->v4.sin_port)); /* sin6_port lies at the same place */
	}
}

static void add_program_name(struct text *line, const struct event *event)
{
	text_add(line, event->program);
	text_add(line, "[");
	text_add_number(line, (uint64_t)event->pid);
	text_add(line, "]");
}

static void add_who(struct text *line, const struct event *event)
{
	const struct event_who *who = &event->who;
	add_program_name(line, event);
	if (who->fd < 0) { /* memory BIOs: only the program knows */
		text_add(line, " no socket known: ");
		return;
	}
	text_add(line, " fd ");
	text_add_number(line, (uint64_t)who->fd);
	text_add(line, " ");
	event_text_endpoint(line, &who->local);
	text_add(line, " - ");
	event_text_endpoint(line, &who->peer);
	text_add(line, ": ");
}

/* --- what the program did --- */

static void add_count(struct text *line, uint64_t bytes)
{
	text_add_grouped(line, bytes);
	text_add(line, bytes == 1 ? " byte" : " bytes");
}

static void add_bytes(struct text *line, const char *before, uint64_t bytes, const char *after)
{
	if (!bytes)
		return;
	text_add(line, before);
	add_count(line, bytes);
	text_add(line, after);
}

static void add_program(struct text *line, const struct event_end *end)
{
	const char *separator = "";
	for (unsigned i = 0; i < CLOSE_PATH_COUNT; i++) {
		if (!(end->close_paths & 1u << i))
			continue;
		text_add(line, separator);
		text_add(line, event_names_close_path(i));
		separator = ", ";
	}
	text_add(line, end->called_shutdown ? " after SSL_shutdown" : " without SSL_shutdown");
	add_bytes(line, ", ", end->unread + end->unread_tls, " unread");
	add_bytes(line, ", ", end->never_read, " behind its SSL_shutdown never read");
	add_bytes(line, ", ", end->unflushed, " in its BIO_f_buffer never flushed");
	add_bytes(line, ", its last SSL_write unfinished (up to ", end->unfinished, " not sent)");
}

/* --- what we did --- */

static void add_ours(struct text *line, const struct event *event)
{
	const struct event_end *end = &event->end;
	enum reason reason = end->close_notify == BY_NOBODY ? event_names_why(event) : MAY_SPEAK;
	const char *why = reason == ONLY_OBSERVED ? "" : event_words_reason(reason);
	bool observing = event->mode != MODE_CURE;
	text_add(line, observing ? "; only observed" : "; ");
	if (observing) {
		text_add(line, *why ? ", would not send close_notify: " : "");
		text_add(line, why);
		return;
	}
	text_add(line, end->close_notify == BY_TLSBYE    ? "sent close_notify"
		       : end->close_notify == BY_PROGRAM ? "close_notify was sent already"
							 : "no close_notify");
	if (*why) {
		text_add(line, " (");
		text_add(line, why);
		text_add(line, ")");
	}
	if (end->completed_record)
		text_add(line, ", completed the last record");
	if (end->half_closed)
		text_add(line, ", half-closed");
	if (!end->lingered)
		return;
	text_add(line, ", drained ");
	add_count(line, end->drained);
	text_add(line, " in ");
	text_add_grouped(line, end->drain_us / 1000);
	text_add(line, " ms");
}

/* --- how the peer ended --- */

/* The program's wish or the user's (TLSBYE_IGNORE_UNEXPECTED_EOF): it is the same bit. */
#define HIDDEN_BY "SSL_OP_IGNORE_UNEXPECTED_EOF"

static void add_peer(struct text *line, const struct event_end *end)
{
	const char *said = end->peer_notified                  ? "close_notify"
			   : end->peer_hidden == HIDDEN        ? "no close_notify (" HIDDEN_BY " hid that)"
			   : end->peer_hidden == MAY_BE_HIDDEN ? "perhaps no close_notify (" HIDDEN_BY
								 " may have hidden that)"
							       : NULL;
	if (!said && end->peer_end == PEER_UNKNOWN)
		return;
	text_add(line, "; peer: ");
	text_add(line, said ? said : "");
	if (end->peer_end == PEER_UNKNOWN)
		return;
	text_add(line, said ? ", then " : "");
	text_add(line, event_words_peer_end(end->peer_end));
}

static void add_end(struct text *line, const struct event *event)
{
	add_program(line, &event->end);
	add_ours(line, event);
	add_peer(line, &event->end);
}

/* --- on the way to it --- */

static void add_handshake(struct text *line, const struct event_handshake *handshake)
{
	text_add(line, "handshake");
	if (handshake->version) {
		text_add(line, ": ");
		text_add(line, handshake->version);
	}
	if (handshake->cipher) {
		text_add(line, ", ");
		text_add(line, handshake->cipher);
	}
	text_add(line, handshake->resumed ? ", resumed" : "");
}

static void add_cause(struct text *line, const struct event_failure *failure)
{
	const char *cause = event_words_cause(failure->cause);
	if (failure->errno_value) {
		text_add(line, ", ");
		text_add(line, errno_names_find(failure->errno_value));
	}
	if (failure->reason && *failure->reason) {
		text_add(line, ", ");
		text_add(line, failure->reason);
	}
	if (failure->alert) {
		text_add(line, ", alert ");
		text_add(line, failure->alert);
	}
	if (*cause) {
		text_add(line, ": ");
		text_add(line, cause);
	}
	if (failure->peer == PEER_STATE_UNKNOWN)
		return;
	text_add(line, "; peer: ");
	text_add(line, failure->peer_notified ? "close_notify, then " : "");
	text_add(line, event_words_peer_state(failure->peer));
}

static void add_read_failed(struct text *line, const struct event_failure *failure)
{
	text_add(line, failure->call);
	text_add(line, " failed after ");
	add_count(line, failure->bytes_read);
	text_add(line, failure->error ? ": " : "");
	text_add(line, failure->error ? failure->error : "");
	add_cause(line, failure);
}

static void add_write_incomplete(struct text *line, const struct event_failure *failure)
{
	text_add(line, failure->call);
	text_add(line, " of ");
	add_count(line, failure->requested);
	text_add(line, " incomplete");
	text_add(line, failure->error ? ": " : "");
	text_add(line, failure->error ? failure->error : "");
	add_cause(line, failure);
}

static void add_hidden(struct text *line, const struct event_hidden *hidden)
{
	text_add(line, hidden->certain ? "warning: the peer ended" : "warning: the peer may have ended");
	text_add(line, " without close_notify after ");
	add_count(line, hidden->bytes);
	text_add(line, ", and the program was told a clean end (" HIDDEN_BY "): the data may be truncated");
}

static void add_notify(struct text *line, const struct event_step *step)
{
	const char *why = event_words_reason(step->why);
	const char *who = step->by == BY_PROGRAM ? "the program" : "tlsbye";
	switch (step->result) {
	case NOTIFY_RESULT_SENT:
	case NOTIFY_RESULT_PENDING:
		text_add(line, "close_notify by ");
		text_add(line, who);
		text_add(line, step->result == NOTIFY_RESULT_PENDING ? ", not all of it sent yet" : "");
		return;
	case NOTIFY_RESULT_WOULD_SEND:
		text_add(line, "would send close_notify");
		return;
	case NOTIFY_RESULT_SILENT:
		text_add(line, "no close_notify by ");
		text_add(line, who);
		text_add(line, *why ? ": " : "");
		text_add(line, why);
	}
}

static void add_half_close(struct text *line, const struct event_step *step)
{
	text_add(line, "half-closed by ");
	text_add(line, step->by == BY_PROGRAM ? "the program" : "tlsbye");
}

static void add_drain(struct text *line, const struct event_drain *drain)
{
	text_add(line, "drained ");
	add_count(line, drain->bytes);
	text_add(line, " in ");
	text_add_grouped(line, drain->us / 1000);
	text_add(line, " ms; peer: ");
	text_add(line, event_words_peer_end(drain->ended_by));
}

static void add_late_call(struct text *line, const struct event_late_call *late)
{
	text_add(line, "warning: ");
	text_add(line, late->call);
	text_add(line, " after the close of its socket, whose number is ");
	text_add(line, late->other ? "another TLS connection's" : "another file's");
	text_add(line, late->held_back ? " by now: held back" : " by now");
}

static void add_setting(struct text *line, const struct event_setting *setting)
{
	for (unsigned i = 0; i < setting->count; i++)
		text_add_bytes(line, setting->pieces[i].bytes, setting->pieces[i].length);
}

static void add_hand_over(struct text *line, const struct event_hand_over *hand_over)
{
	bool in_place = hand_over->way == WAY_IN_PLACE_PLACE;
	text_add(line, in_place ? ": a process of our own was refused (" : ": the hub cannot be reached (");
	text_add(line, errno_names_find(hand_over->errno_value));
	text_add(line, in_place ? "): sockets drain in place, for a moment only (said once)"
				: "): sockets drain in processes of their own (said once)");
}

static void add_out_of_reach(struct text *line, const struct event_out_of_reach *facts)
{
	text_add(line, "its SSL_* calls show none (memory BIOs?)");
	if (facts->knows_of_shutdown)
		text_add(line, facts->called_shutdown ? "; SSL_shutdown() was called"
						      : "; let go without SSL_shutdown()");
	text_add(line, "; what of it the peer got, and how its TCP ended, is out of reach (");
	text_add_grouped(line, facts->count);
	text_add(line, " such in this process so far)");
}

static void add_out_of_reach_sum(struct text *line, const struct event_out_of_reach *facts)
{
	text_add(line, ": no socket was known of ");
	text_add_grouped(line, facts->count);
	text_add(line, facts->count == 1 ? " connection" : " connections");
	text_add(line, " (memory BIOs?): how they ended is not known");
}

static void add_what(struct text *line, const struct event *event)
{
	switch (event->kind) {
	case EVENT_TRACKED:
		text_add(line, "tracked");
		return;
	case EVENT_HANDSHAKE:
		add_handshake(line, &event->handshake);
		return;
	case EVENT_READ_FAILED:
		add_read_failed(line, &event->failure);
		return;
	case EVENT_HIDDEN_END:
		add_hidden(line, &event->hidden);
		return;
	case EVENT_WRITE_INCOMPLETE:
		add_write_incomplete(line, &event->failure);
		return;
	case EVENT_NOTIFY:
		add_notify(line, &event->step);
		return;
	case EVENT_HALF_CLOSE:
		add_half_close(line, &event->step);
		return;
	case EVENT_DRAIN:
		add_drain(line, &event->drain);
		return;
	case EVENT_END:
		add_end(line, event);
		return;
	case EVENT_LATE_CALL:
		add_late_call(line, &event->late_call);
		return;
	case EVENT_OUT_OF_REACH:
		add_out_of_reach(line, &event->out_of_reach);
		return;
	case EVENT_SETTING:
	case EVENT_HAND_OVER:
	case EVENT_CUT_SHORT:
	case EVENT_KILLED:
	case EVENT_KIND_COUNT:
		return;
	}
}

void event_text(struct text *line, const struct event *event)
{
	text_add(line, "tlsbye: ");
	if (event->kind == EVENT_SETTING) {
		add_setting(line, &event->setting);
	} else if (event->kind == EVENT_OUT_OF_REACH && !event->who.number) {
		add_program_name(line, event);
		add_out_of_reach_sum(line, &event->out_of_reach);
	} else if (event->kind == EVENT_HAND_OVER) {
		add_program_name(line, event);
		add_hand_over(line, &event->hand_over);
	} else if (event->kind == EVENT_CUT_SHORT) {
		add_program_name(line, event);
		text_add(line,
			 ": the process ended without a word: which TLS connections it had open then, if "
			 "any, is not known");
	} else if (event->kind == EVENT_KILLED) {
		add_program_name(line, event);
		text_add(line, ": the process was ended by ");
		text_add(line, event->killed.signal);
	} else {
		add_who(line, event);
		add_what(line, event);
	}
	text_end_line(line);
}
