/* SPDX-License-Identifier: MIT */
/*
 * A peer is clean when in no trial
 *  - its reply is missing or truncated, or a RST comes that may destroy it (it may have survived here and not on a slower
 *    line);
 *  - it ends without close_notify of its own accord (RFC 8446, 6.1), or with a torn or bad record, or an alert;
 *  - it leaves us without FIN behind our close_notify.
 * Told, but no fault: that it answers our close_notify with FIN alone; whatever it does behind a half-close without
 * close_notify, which it has to take for an attack; that it keeps the connection open; a RST that answers our answer.
 */
#include "findings.h"

#include <stddef.h>

static const struct {
	const char *code;
	const char *sentence;
} faults[FAULTS] = {
	[FAULT_NO_REPLY_TRAIL] = {"no-reply-trail",
				  "it gives no reply at all when it is sent more than it wants to read"},
	[FAULT_TRUNCATED] = {"truncated", "it ends before its message is complete"},
	[FAULT_TRUNCATED_TRAIL] = {"truncated-trail",
				   "it ends before its message is complete when it is sent more than it "
				   "wants to read"},
	[FAULT_RESET] = {"reset", "it resets the connection instead of ending it"},
	[FAULT_RESET_UNREAD] = {"reset-unread",
				"it resets when bytes lie unread, which can destroy what it has written"},
	[FAULT_RESET_LATE] =
		{"reset-late",
		 "it resets when bytes come after its end, which can destroy what it has written"},
	[FAULT_BROKEN_RECORD] = {"broken-record", "it ends with a record that is torn or does not decrypt"},
	[FAULT_ALERT] = {"alert", "it ends with a fatal alert"},
	[FAULT_NO_NOTIFY] = {"no-close_notify",
			     "it ends without close_notify, so that nobody can tell its end from a cut"},
	[FAULT_NO_NOTIFY_TRAIL] = {"no-close_notify-trail",
				   "it leaves close_notify out when it is sent more than it wants to read"},
	[FAULT_RECORDS_BEHIND] = {"records-behind-close_notify", "it sends records after its close_notify"},
	[FAULT_NOTIFY_RESET] = {"close_notify-reset",
				"it resets the connection when we end with close_notify"},
	[FAULT_NOTIFY_UNANSWERED] = {"close_notify-unanswered",
				     "it does not end when we have ended with close_notify and FIN"},
};

const char *findings_fault_code(enum fault fault)
{
	return faults[fault].code;
}

const char *findings_fault_sentence(enum fault fault)
{
	return faults[fault].sentence;
}

bool findings_reset(const struct verdict *v)
{
	return v->rst && !v->provoked;
}

bool findings_ended(const struct verdict *v)
{
	return v->fin || v->rst;
}

/* --- how much came --- */

/*
 * HTTP's own word first; then close_notify, "this is all"; then what the same request brought before. Short of all
 * three, data is missing only where the connection is over. close_notify after nothing is not believed where the same request
 * brought a reply before: a server that gives up says it as well. After a shorter reply it may be true: another moment's page.
 * A few bytes less are a date or a counter.
 */
enum { MOMENTS_BYTES = 256 };

static enum whole by_close_notify(const struct verdict *v, bool knows, uint64_t known)
{
	if (!knows || v->bytes + (known / 10 < MOMENTS_BYTES ? known / 10 : MOMENTS_BYTES) >= known)
		return WHOLE_YES;
	return v->bytes == 0 ? WHOLE_NO : WHOLE_UNKNOWN;
}

static void deliver(const struct trial *t, bool knows, uint64_t known, struct delivery *d)
{
	const struct verdict *v = &t->verdict;
	bool framed = message_framed(&t->message);
	enum whole missing = findings_ended(v) ? WHOLE_NO : WHOLE_UNKNOWN;

	d->expects = framed ? t->message.length > 0 || message_over(&t->message) : knows;
	d->expected = !framed                     ? known
		      : t->message.length > 0     ? t->message.length
		      : message_over(&t->message) ? t->message.bytes
						  : 0;
	if (framed)
		d->whole = message_over(&t->message) ? WHOLE_YES : missing;
	else if (v->tls == TLS_CLOSE_NOTIFY)
		d->whole = by_close_notify(v, knows, known);
	else if (knows)
		d->whole = v->bytes >= known ? WHOLE_YES : missing;
	else
		d->whole = WHOLE_UNKNOWN;
	/* What close_notify closed is its own measure: another day's page may be shorter. */
	if (!framed && d->whole == WHOLE_YES && v->tls == TLS_CLOSE_NOTIFY)
		d->expected = v->bytes;
}

/* The most that this request ever brought, for peers that do not tell how much there is. */
static uint64_t most_bytes(const struct trials *t)
{
	uint64_t wait = t->each[TRIAL_WAIT].verdict.bytes;
	const struct trial *half = &t->each[TRIAL_HALF_CLOSE];

	return half->tried && half->verdict.bytes > wait ? half->verdict.bytes : wait;
}

/* --- faults --- */

static void common_faults(const struct verdict *v, bool found[FAULTS])
{
	found[FAULT_BROKEN_RECORD] |= v->tls == TLS_BAD || (v->tls == TLS_TORN && !v->rst);
	found[FAULT_RECORDS_BEHIND] |= v->late > 0;
	found[FAULT_ALERT] |= v->tls == TLS_ALERT;
}

static void own_end_faults(const struct verdict *v, enum whole whole, bool found[FAULTS])
{
	common_faults(v, found);
	found[FAULT_TRUNCATED] |= whole == WHOLE_NO;
	found[FAULT_RESET] |= v->rst && !v->fin;
	found[FAULT_NO_NOTIFY] |= findings_ended(v) && v->tls == TLS_NONE;
}

static void trail_faults(const struct trial *t, enum whole whole, enum fault reset, bool found[FAULTS])
{
	const struct verdict *v = &t->verdict;

	if (!t->tried)
		return;
	common_faults(v, found);
	/* A RST is the cause of what is missing; without one the peer itself ended early. */
	found[reset] |= findings_reset(v);
	found[FAULT_NO_REPLY_TRAIL] |= whole == WHOLE_NO && !findings_reset(v) && v->bytes == 0;
	found[FAULT_TRUNCATED_TRAIL] |= whole == WHOLE_NO && !findings_reset(v) && v->bytes > 0;
	found[FAULT_NO_NOTIFY_TRAIL] |= !found[FAULT_NO_NOTIFY] && !v->rst && v->fin && v->tls == TLS_NONE;
}

static void our_end_faults(const struct trial *t, enum whole whole, bool found[FAULTS])
{
	const struct verdict *v = &t->verdict;

	if (!t->tried)
		return;
	common_faults(v, found);
	found[FAULT_TRUNCATED] |= whole == WHOLE_NO;
	found[FAULT_NOTIFY_RESET] |= v->rst && !v->fin;
	found[FAULT_NOTIFY_UNANSWERED] |= v->notified && !findings_ended(v);
}

static bool unsure(const struct trial *t, enum whole whole)
{
	return t->tried && whole == WHOLE_UNKNOWN && t->verdict.tls == TLS_CLOSE_NOTIFY;
}

void findings_make(const struct trials *t, struct findings *f)
{
	uint64_t most = most_bytes(t);

	*f = (struct findings){.complete = true, .clean = true};
	for (unsigned id = 0; id < TRIALS; id++) {
		/* The request of TRIAL_NOTIFY is another one; and that nothing came is no measure. */
		bool knows = most > 0 && id != TRIAL_NOTIFY &&
			     (id != TRIAL_WAIT || most > t->each[id].verdict.bytes);

		if (t->each[id].tried)
			deliver(&t->each[id], knows, most, &f->each[id]);
		else
			f->complete = false;
	}
	if (t->each[TRIAL_WAIT].tried)
		own_end_faults(&t->each[TRIAL_WAIT].verdict, f->each[TRIAL_WAIT].whole, f->faults);
	our_end_faults(&t->each[TRIAL_NOTIFY], f->each[TRIAL_NOTIFY].whole, f->faults);
	trail_faults(&t->each[TRIAL_UNREAD], f->each[TRIAL_UNREAD].whole, FAULT_RESET_UNREAD, f->faults);
	trail_faults(&t->each[TRIAL_LATE], f->each[TRIAL_LATE].whole, FAULT_RESET_LATE, f->faults);
	f->unsure = unsure(&t->each[TRIAL_UNREAD], f->each[TRIAL_UNREAD].whole) ||
		    unsure(&t->each[TRIAL_LATE], f->each[TRIAL_LATE].whole);
	for (unsigned i = 0; i < FAULTS; i++)
		f->clean = f->clean && !f->faults[i];
	f->clean = f->clean && f->complete && !f->unsure;
}

void findings_of_client(const struct plan *plan, const struct trial *client, struct delivery *delivery,
			bool found[FAULTS])
{
	const struct verdict *v = &client->verdict;

	deliver(client, plan->expects, plan->expected, delivery);
	if (plan->expects) {
		delivery->expects = true;
		delivery->expected = plan->expected;
		delivery->whole = v->bytes == plan->expected ? WHOLE_YES
				  : findings_ended(v)        ? WHOLE_NO
							     : WHOLE_UNKNOWN;
	}
	/* What it did behind our close_notify is no end of its own accord. */
	if (v->notified && v->answered_ms >= 0)
		our_end_faults(client, delivery->whole, found);
	else
		own_end_faults(v, delivery->whole, found);
}
