/* SPDX-License-Identifier: MIT */
/*
 * TLS over memory BIOs (talk.c), the socket by hand (wire.c): so that a FIN or a RST is seen where it happens, and
 * never through OpenSSL's eyes, which give one SSL_ERROR_SYSCALL for many ends.
 *
 * The loop: send what is to be said, react, wait, read what may be read. What the judge says is queued as a whole,
 * so a reply that comes before the request is out cannot dead-lock the two.
 *
 * Rules: the only blocking call is wire_wait(), and no wait reaches past the script's limit.
 */
#include "judge/conversation.h"

#include <poll.h>

#include "judge/clock.h"
#include "judge/talk.h"

/* A RST that a send() has told is not the end yet: what arrived before it can still be read. */
static bool tcp_over(const struct conversation *c)
{
	return c->wire.read_over || (c->script->never_read && (c->wire.fin || c->wire.rst));
}

static void flush(struct conversation *c)
{
	char *bytes;
	long n = BIO_get_mem_data(c->out, &bytes);

	while (n > 0) {
		size_t sent = wire_send(&c->wire, bytes, (size_t)n);
		char sink[65536];

		if (sent == 0)
			break;
		/* A memory BIO gives up bytes only by being read. */
		for (size_t left = sent; left > 0;)
			left -= (size_t)BIO_read(c->out, sink,
						 left < sizeof(sink) ? (int)left : (int)sizeof(sink));
		n = BIO_get_mem_data(c->out, &bytes);
	}
}

static bool all_said(const struct conversation *c)
{
	return BIO_ctrl_pending(c->out) == 0 || c->wire.rst || c->wire.half_closed;
}

/* A signal handler's word is looked at often enough (wait_for_more()). */
static bool time_is_up(const struct conversation *c)
{
	return clock_now_ms() >= c->deadline_ms || (c->script->stop && *c->script->stop);
}

static int64_t next_look(const struct conversation *c)
{
	int64_t soon = clock_now_ms() + 100;

	return c->script->stop && soon < c->deadline_ms ? soon : c->deadline_ms;
}

/* --- the handshake --- */

/* Takes whole records and no byte more: a --pause or --never-read then finds all data still in the kernel. */
static void take_record(struct conversation *c)
{
	unsigned char raw[16384 + 2048];
	size_t need = wire_record_need(&c->wire), framed;
	size_t got = wire_recv(&c->wire, raw, need < sizeof(raw) ? need : sizeof(raw), &framed);

	if (got == 0)
		return;
	talk_hear_records(c, raw, framed);
	talk_hear_plain(c, raw + framed, got - framed);
	if (c->wire.framing.plain && c->script->tls_only)
		c->tls_over = c->done = true;
}

static void shake_hands(struct conversation *c)
{
	while (!tcp_over(c) && !time_is_up(c)) {
		bool done = talk_handshake(c);

		flush(c);
		if (done || c->tls_over)
			return;
		take_record(c);
		if (BIO_ctrl_pending(c->in) == 0 || wire_mid_record(&c->wire))
			wire_wait(&c->wire, all_said(c) ? POLLIN : POLLIN | POLLOUT, next_look(c));
	}
}

static void begin(struct conversation *c)
{
	enum ending how = c->script->end;

	if (c->script->handshake == HANDSHAKE_FULL) {
		shake_hands(c);
		return;
	}
	talk_begin_otherwise(c);
	c->asked = true;
	c->half_close_due = how == END_FIRST || how == END_FIRST_BARE;
}

/* --- reading and ending --- */

static bool may_read(const struct conversation *c)
{
	return !tcp_over(c) && !c->script->never_read && clock_now_ms() >= c->next_read_ms;
}

static void hear(struct conversation *c)
{
	unsigned char raw[65536];
	size_t most = c->script->chunk > 0 && c->script->chunk < sizeof(raw) ? c->script->chunk : sizeof(raw);
	size_t framed, got = wire_recv(&c->wire, raw, most, &framed);

	if (got == 0)
		return;
	talk_hear_records(c, raw, framed);
	talk_hear_plain(c, raw + framed, got - framed);
	if (c->script->most > 0 && c->verdict->bytes > c->script->most)
		c->done = c->verdict->enough = true;
	if (c->script->chunk > 0)
		c->next_read_ms = clock_now_ms() + c->script->chunk_pause_ms;
}

/* An end that the other side begins before all was heard is its own. */
static bool heard_enough(const struct conversation *c)
{
	const struct message *message = c->script->message;

	if (message && (message_over(message) || c->tls_over))
		return true;
	return c->verdict->bytes >= c->script->end_at;
}

static bool my_turn(const struct conversation *c)
{
	if (!c->script->wait_first)
		return true;
	return c->script->message ? message_over(c->script->message) : c->verdict->bytes > 0;
}

static bool end_seen(struct conversation *c)
{
	const struct script *s = c->script;

	c->own_end = c->own_end || (s->own_end_ms > 0 && clock_now_ms() >= c->started_ms + s->own_end_ms);
	if (c->own_end)
		return true;
	/* Where nothing was agreed on there is no early end to wait for. */
	if (s->ends_early && (c->verdict->handshake || !s->tls_only))
		return c->asked && (heard_enough(c) || tcp_over(c));
	return tcp_over(c) || (c->tls_over && c->verdict->tls != TLS_NONE);
}

/* close_notify is answered; a bare FIN is not: OpenSSL forbids it after such an end, and so peers close. */
static bool may_answer(const struct conversation *c)
{
	const struct script *s = c->script;

	return (s->end == END_ANSWER || s->end == END_HALF) &&
	       (c->verdict->tls == TLS_CLOSE_NOTIFY || s->ends_early || c->own_end);
}

/* Behind a watch that saw no RST: one that comes from here on may be the answer to our own words. */
static void answer_late(struct conversation *c)
{
	if (!c->script->late_answer || c->notified || !may_answer(c))
		return;
	c->verdict->provoked = true;
	talk_say_notify(c);
	flush(c);
}

/*
 * All has been said. The watch: while our own side is open, a close over unread bytes still shows as a RST; our FIN
 * would hide it, since a peer in TIME_WAIT sends none. So first watch, then half-close, then let its answer come.
 */
static void settle(struct conversation *c)
{
	const struct script *s = c->script;
	int64_t now = clock_now_ms();

	if (!c->settled_ms)
		c->settled_ms = now;
	wire_look(&c->wire);
	if (c->wire.rst) {
		c->done = tcp_over(c);
		return;
	}
	/* A late answer comes behind the watch: with both FINs acknowledged there is nothing left to watch. */
	if (s->late_answer && c->wire.fin && c->wire.half_closed && wire_gone(&c->wire)) {
		c->done = true;
		return;
	}
	if (now < c->settled_ms + s->watch_ms && (s->end != END_HALF || (s->late_answer && !c->notified)))
		return;
	answer_late(c);
	if (!all_said(c))
		return;
	if (!c->wire.fin) {
		/* Between close_notify and FIN: a program may wait for our FIN first. */
		if (!s->plain_follows)
			wire_half_close(&c->wire);
		c->done = s->end == END_BARE;
		return;
	}
	if (!c->wire.half_closed) {
		wire_half_close(&c->wire);
		c->settled_ms = now;
		return;
	}
	c->done = wire_gone(&c->wire) || (s->end != END_HALF && now >= c->settled_ms + s->watch_ms);
}

static void end(struct conversation *c)
{
	const struct script *s = c->script;
	enum ending how = s->end;

	if (how == END_NEVER) {
		wire_look(&c->wire);
		c->done = c->wire.rst && tcp_over(c);
		return;
	}
	if (how == END_RESET || (how == END_BARE && s->ends_early)) {
		c->done = true;
		return;
	}
	if (!s->late_answer && may_answer(c))
		talk_say_notify(c);
	flush(c);
	if (!all_said(c))
		return;
	/* The watch begins anew with the FIN: what comes behind it is what the watch is for. */
	if (c->wire.fin && c->settled_ms && c->settled_ms < c->wire.ended_ms)
		c->settled_ms = c->wire.ended_ms;
	settle(c);
}

static void react(struct conversation *c)
{
	const struct script *s = c->script;
	struct verdict *v = c->verdict;

	if (v->handshake && !c->asked && my_turn(c)) {
		talk_say_request(c);
		if (s->end == END_FIRST)
			talk_say_notify(c);
		c->half_close_due = s->end == END_FIRST || s->end == END_FIRST_BARE;
	}
	if (s->late_trail > 0 && !c->trailed && v->bytes > 0) {
		c->trailed = true;
		if (!c->notified)
			talk_say_pattern(c, s->late_trail);
	}
	flush(c);
	if (c->half_close_due && all_said(c))
		wire_half_close(&c->wire);
	if (end_seen(c))
		end(c);
}

/* Sleeps until something can happen: bytes, room for ours, an end, or a time the script has set. */
static void wait_for_more(struct conversation *c)
{
	int64_t now = clock_now_ms(), until = next_look(c);
	short events = all_said(c) ? 0 : POLLOUT;

	if (c->script->own_end_ms > 0 && !c->own_end && c->started_ms + c->script->own_end_ms < until)
		until = c->started_ms + c->script->own_end_ms;
	if (c->settled_ms) {
		int64_t over = c->settled_ms + c->script->watch_ms;

		/* The answer to our FIN wakes nobody: look again soon. */
		if (c->wire.fin && c->wire.half_closed)
			over = now + 1;
		if (over > now && over < until)
			until = over;
	}
	if (tcp_over(c)) {
		/* recv() would say 0 for ever, poll() POLLIN: only errors are news. */
		if (c->wire.hung && until > now + 1)
			until = now + 1;
	} else if (c->script->never_read) {
		events |= POLLRDHUP;
	} else if (now >= c->next_read_ms) {
		events |= POLLIN;
	} else if (c->next_read_ms < until) {
		until = c->next_read_ms;
	}
	wire_wait(&c->wire, events, until);
}

static void play(struct conversation *c)
{
	if (c->script->pause_ms > 0)
		c->next_read_ms = clock_now_ms() + c->script->pause_ms;
	/* Behind the handshake nothing may be left unread inside OpenSSL's BIO. */
	talk_hear_records(c, (const unsigned char *)"", 0);
	while (!c->done && !time_is_up(c)) {
		react(c);
		if (c->done)
			return;
		if (c->wire.hung && c->script->never_read)
			wire_look(&c->wire);
		wait_for_more(c);
		if (may_read(c))
			hear(c);
	}
}

static void conclude(struct conversation *c)
{
	struct verdict *v = c->verdict;
	const struct wire *w = &c->wire;

	v->fin = w->fin;
	v->rst = w->rst;
	v->ms = (tcp_over(c) ? w->ended_ms : clock_now_ms()) - c->started_ms;
	v->provoked = v->provoked && w->rst;
	v->notified = c->notified;
	v->answered_ms = c->notified && (w->fin || w->rst) && w->ended_ms >= c->notified_ms
				 ? w->ended_ms - c->notified_ms
				 : -1;
	if (v->tls == TLS_NONE && v->handshake && tcp_over(c) && wire_mid_record(w) && !c->script->never_read)
		v->tls = TLS_TORN;
	if (w->fin)
		verdict_event(v, EV_FIN);
	/* Nothing can follow a RST, so it stands last, whenever poll() has told. */
	if (w->rst)
		verdict_event(v, EV_RST);
}

void conversation_hold(const struct script *script, SSL_CTX *ctx, int fd, SSL_SESSION **session,
		       struct verdict *verdict)
{
	struct conversation c = {.script = script, .verdict = verdict, .started_ms = clock_now_ms()};

	c.deadline_ms = c.started_ms + script->limit_ms;
	verdict->expects = script->expects;
	verdict->expected = script->expected;
	verdict->checked = !script->any_content;
	wire_init(&c.wire, fd);
	talk_open(&c, ctx, session);

	begin(&c);
	play(&c);

	wire_look(&c.wire);
	conclude(&c);
	wire_close(&c.wire, script->end == END_RESET);
	talk_close(&c, session);
}
