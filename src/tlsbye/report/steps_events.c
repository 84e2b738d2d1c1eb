/* SPDX-License-Identifier: MIT */
/*
 * The steps that have an event, and so a time, of their own: from the first call to what the goodbye did. The end is
 * told by steps_end.c.
 */
#include "steps_make.h"

#include <inttypes.h>
#include <string.h>

#include "vocabulary.h"
#include "words.h"

static bool is(const char *value, const char *code)
{
	return value && strcmp(value, code) == 0;
}

/* Which side it is on becomes known with the handshake only. */
static void tell_tracked(struct making *m, const struct record *r)
{
	struct step *step = step_add(m, LANE_PROGRAM, LANE_OPENSSL, TONE_PLAIN);
	const char *role = r->role ? r->role : m->story->role;

	step_label(m, step, "%s",
		   is(role, ROLE_CLIENT_WORD)   ? "connects"
		   : is(role, ROLE_SERVER_WORD) ? "accepts"
						: "first call");
}

static void tell_handshake(struct making *m, const struct record *r)
{
	struct step *step = step_add(m, LANE_OPENSSL, LANE_PEER, TONE_PLAIN);

	step->both_ways = true;
	step_label(m, step, "handshake, %s", r->version ? r->version : "version unknown");
	if (r->cipher)
		step_note(m, step, "%s%s", r->cipher, r->resumed > 0 ? ", resumed" : "");
	if (r->us >= 0)
		step_note(m, step, "took %.3f ms", (double)r->us / 1e3);
}

/* What the socket showed when a call failed; the second that fails has nothing new. */
static void tell_peer_before(struct making *m, const struct record *r)
{
	bool told = m->peer_told;

	m->peer_told |= is(r->peer_end, PEER_STATE_FIN_WORD) || is(r->peer_end, PEER_STATE_RESET_WORD);
	m->peer_reset |= is(r->peer_end, PEER_STATE_RESET_WORD);
	if (told)
		return;
	if (is(r->peer_end, PEER_STATE_FIN_WORD))
		step_label(m, step_add(m, LANE_PEER, LANE_KERNEL, TONE_MISSING), "%s",
			   r->peer_notified > 0 ? "FIN" : "FIN, unannounced");
	else if (is(r->peer_end, PEER_STATE_RESET_WORD))
		step_label(m, step_add(m, LANE_PEER, LANE_KERNEL, TONE_LOST), "RST");
}

static void note_error(struct making *m, struct step *step, const struct record *r)
{
	if (r->error_number && r->reason)
		step_note(m, step, "%s; %s", r->error_number, r->reason);
	else if (r->error_number || r->reason)
		step_note(m, step, "%s", r->error_number ? r->error_number : r->reason);
}

static void note_cause(struct making *m, struct step *step, const struct record *r)
{
	if (r->cause)
		step_note(m, step, "%s%s%s", vocabulary_cause_clause(r->cause), r->alert ? ": " : "",
			  r->alert ? r->alert : "");
}

static void tell_read_failed(struct making *m, const struct record *r)
{
	char in[BYTES_SIZE], out[BYTES_SIZE];
	struct step *step;

	m->failed = true;
	tell_peer_before(m, r);
	step = step_add(m, LANE_OPENSSL, LANE_PROGRAM, TONE_LOST);
	step_label(m, step, "%s(): %s", r->call ? r->call : "a read", r->error ? r->error : "failed");
	step_place(m, step, r->call ? record_site(r, r->call) : NULL);
	note_error(m, step, r);
	if (r->bytes_read >= 0 && r->bytes_written >= 0)
		step_note(m, step, "%s were read, %s written before", words_bytes(in, r->bytes_read),
			  words_bytes(out, r->bytes_written));
	note_cause(m, step, r);
}

static void tell_hidden_end(struct making *m, const struct record *r)
{
	char bytes[BYTES_SIZE];
	struct step *step;

	step_label(m, step_add(m, LANE_PEER, LANE_KERNEL, TONE_MISSING), "FIN, %sno close_notify",
		   r->certain > 0 ? "" : "perhaps ");
	step = step_add(m, LANE_OPENSSL, LANE_PROGRAM, TONE_LOST);
	step_label(m, step, "told a clean end");
	step_note(m, step, "SSL_OP_IGNORE_UNEXPECTED_EOF: the data may be truncated");
	if (r->bytes >= 0)
		step_note(m, step, "%s came before", words_bytes(bytes, r->bytes));
}

static void tell_write_incomplete(struct making *m, const struct record *r)
{
	struct step *step;
	char bytes[BYTES_SIZE];

	m->failed |= r->cause != NULL; /* else nobody repeated it, and that is all */
	tell_peer_before(m, r);
	step = step_add(m, LANE_PROGRAM, LANE_OPENSSL, TONE_MISSING);
	step_label(m, step, "%s(): %s", r->call ? r->call : "a write", r->error ? r->error : "incomplete");
	step_place(m, step, r->call ? record_site(r, r->call) : NULL);
	note_error(m, step, r);
	if (r->requested >= 0)
		step_note(m, step, "%s that it was asked to write", words_bytes(bytes, r->requested));
	if (r->bytes_written >= 0)
		step_note(m, step, "%s were written before", words_bytes(bytes, r->bytes_written));
	note_cause(m, step, r);
}

static void tell_notify(struct making *m, const struct record *r)
{
	bool program = is(r->by, BY_PROGRAM_WORD);
	struct step *step;

	if (program) {
		step = step_add(m, LANE_PROGRAM, LANE_OPENSSL, TONE_PLAIN);
		step_label(m, step, "SSL_shutdown()");
		step_place(m, step, record_site(r, "SSL_shutdown"));
		m->program_notified = true;
	} else {
		m->notify_at = m->moment;
	}
	if (is(r->result, NOTIFY_RESULT_SILENT_WORD)) {
		step = step_add(m, LANE_OPENSSL, LANE_OPENSSL, TONE_MISSING);
		step_label(m, step, "no close_notify");
		if (r->why)
			step_note(m, step, "%s%s", m->steps->observed ? "nor would tlsbye send it: " : "",
				  vocabulary_reason_clause(r->why));
	} else {
		step = step_add(m, LANE_OPENSSL, LANE_PEER, program ? TONE_PLAIN : TONE_GOOD);
		step->would = is(r->result, NOTIFY_RESULT_WOULD_SEND_WORD);
		step_label(m, step, "%s",
			   step->would ? "would send close_notify"
			   : program   ? "close_notify"
				       : "close_notify by tlsbye");
		if (is(r->result, NOTIFY_RESULT_PENDING_WORD))
			step_note(m, step, "waits for room in the send queue");
	}
	m->notified |= !step->would; /* only observed: that there was none is still to be told */
}

static void tell_half_close(struct making *m, const struct record *r)
{
	bool program = is(r->by, BY_PROGRAM_WORD);

	if (program) {
		struct step *call = step_add(m, LANE_PROGRAM, LANE_KERNEL, TONE_PLAIN);
		step_label(m, call, "shutdown(SHUT_WR)");
		step_place(m, call, record_site(r, "shutdown"));
		m->program_half_closed = true;
	} else {
		m->half_close_at = m->moment;
		m->half_closed = true;
	}
	step_label(m, step_add(m, LANE_KERNEL, LANE_PEER, program ? TONE_PLAIN : TONE_GOOD), "%s",
		   program ? "FIN" : "FIN by tlsbye");
}

static void tell_drain(struct making *m, const struct record *r)
{
	struct step *step = step_add(m, LANE_PEER, LANE_KERNEL, TONE_GOOD);
	char bytes[BYTES_SIZE];

	step_label(m, step, "drained %s", words_bytes(bytes, r->bytes));
	if (r->us >= 0)
		step_note(m, step, "in %.3f ms", (double)r->us / 1e3);
	m->drained = true;
}

static void tell_out_of_reach(struct making *m, const struct record *r)
{
	struct step *step = step_add(m, LANE_PROGRAM, LANE_OPENSSL, TONE_PLAIN);

	step_label(m, step, "its SSL goes: no socket known");
	if (r->called_shutdown != UNSAID)
		step_note(m, step, "%s",
			  r->called_shutdown ? "SSL_shutdown() was called" : "without SSL_shutdown()");
}

static void tell_late_call(struct making *m, const struct record *r)
{
	struct step *step = step_add(m, LANE_PROGRAM, LANE_OPENSSL, TONE_LOST);

	step_label(m, step, "%s() after the close", r->call ? r->call : "?");
	step_note(m, step, "the number is another socket's%s", r->held_back > 0 ? ": held back" : "");
}

static void tell_other(struct making *m, const struct record *r)
{
	step_label(m, step_add(m, LANE_PROGRAM, LANE_PROGRAM, TONE_PLAIN), "%s", r->event ? r->event : "?");
}

void steps_events_make(struct making *m)
{
	static void (*const tell[])(struct making *, const struct record *) = {
		[EVENT_TRACKED] = tell_tracked,
		[EVENT_HANDSHAKE] = tell_handshake,
		[EVENT_READ_FAILED] = tell_read_failed,
		[EVENT_HIDDEN_END] = tell_hidden_end,
		[EVENT_WRITE_INCOMPLETE] = tell_write_incomplete,
		[EVENT_NOTIFY] = tell_notify,
		[EVENT_HALF_CLOSE] = tell_half_close,
		[EVENT_DRAIN] = tell_drain,
		[EVENT_OUT_OF_REACH] = tell_out_of_reach,
		[EVENT_LATE_CALL] = tell_late_call,
		[EVENT_OTHER] = tell_other,
	};

	m->timed = true;
	for (size_t i = 0; i < m->story->count; i++) {
		const struct record *r = m->story->events[i];

		m->moment = ms_of(m, r->time);
		if (r->kind < sizeof(tell) / sizeof(tell[0]) && tell[r->kind])
			tell[r->kind](m, r);
	}
	m->timed = false;
}
