/* SPDX-License-Identifier: MIT */
/*
 * A trial is a script for the judging peer (judge/conversation.h). What the first one measured, the round trip, the time to the
 * reply and its length, decides how patient the others are.
 *
 * In the last two the peer has closed before we read, or it would be luck whether its RST finds anything to destroy:
 * so they pause, and their receive buffer is so small that a long reply has to wait in the peer's.
 */
#include "trials.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "context.h"
#include "judge/conversation.h"
#include "request.h"
#include "starttls.h"

#define TRAIL      (256U << 10)
#define REPLY_MOST (16U << 20)

const char *trials_name(enum trial_id id)
{
	static const char *const names[] = {[TRIAL_WAIT] = "wait",
					    [TRIAL_NOTIFY] = "close_notify",
					    [TRIAL_HALF_CLOSE] = "half-close",
					    [TRIAL_UNREAD] = "unread",
					    [TRIAL_LATE] = "late"};

	return names[id];
}

/* --- why a connection says nothing about its end --- */

static bool plaintext(const struct plan *plan, const struct verdict *v, const char *peer,
		      struct trouble *trouble)
{
	const char *try = "is this the right port?";

	if (plan->starttls != STARTTLS_NONE)
		try = "plaintext was put after the peer's consent to TLS";
	else if (strncmp(v->words, "220", 3) == 0)
		try = "try --starttls=smtp or --starttls=ftp";
	else if (strncmp(v->words, "* ", 2) == 0)
		try = "try --starttls=imap";
	else if (strncmp(v->words, "HTTP", 4) == 0)
		try = "it speaks HTTP without TLS on this port";
	return plan_trouble_is(trouble, "%s speaks no TLS: its first bytes are \"%s\"; %s", peer, v->words,
			       try);
}

static bool no_handshake(const struct plan *plan, const struct verdict *v, const char *peer,
			 struct trouble *trouble)
{
	const char *reason = v->error ? ERR_reason_error_string(v->error) : NULL;

	if (v->plain > 0)
		return plaintext(plan, v, peer, trouble);
	if (v->tls == TLS_ALERT)
		return plan_trouble_is(
			trouble, "no TLS with %s: it refuses the handshake with %s; %s", peer,
			verdict_tls(v).text,
			plan->listen ? "if it does not trust us, serve a certificate that it trusts: --cert"
				     : "--tls, --sni and --alpn change what is offered");
	if (v->trust != X509_V_OK && plan->verify && !plan->listen)
		return plan_trouble_is(
			trouble,
			"the certificate of %s is not trusted: %s; --cafile and --sni tell what "
			"to trust, and without --verify it is tried all the same",
			peer, X509_verify_cert_error_string(v->trust));
	if (v->tls == TLS_BAD)
		return plan_trouble_is(trouble, "no TLS with %s: %s", peer,
				       reason ? reason : "a record is bad");
	if (v->rst || v->fin)
		return plan_trouble_is(trouble,
				       "no TLS with %s: it %s during the handshake; is TLS spoken there, or "
				       "does it want --starttls?",
				       peer, v->rst ? "resets the connection" : "closes");
	return plan_trouble_is(trouble,
			       "no TLS with %s: the handshake took longer than %g s; is TLS spoken there? "
			       "see --timeout",
			       peer, (double)plan->timeout_ms / 1000);
}

bool trials_failed(const struct plan *plan, const struct verdict *v, const char *peer,
		   struct trouble *trouble)
{
	if (!v->handshake)
		no_handshake(plan, v, peer, trouble);
	else if (v->enough)
		plan_trouble_is(trouble,
				"%s sends more than %u MB; ask for something shorter with --path or --send",
				peer, REPLY_MOST >> 20);
	return trouble->text[0] != '\0';
}

/* Without a reply to the plain question the other trials would show nothing. */
static bool no_reply(const struct plan *plan, const struct verdict *v, const char *peer,
		     struct trouble *trouble)
{
	if (v->tls == TLS_ALERT && v->bytes == 0)
		plan_trouble_is(trouble, "%s refuses us with %s, before any reply; what does it ask for?",
				peer, verdict_tls(v).text);
	else if (strcmp(v->alpn, "h2") == 0 && !plan->send)
		plan_trouble_is(
			trouble,
			"%s chose h2, which our request does not speak; try --alpn=http/1.1, or --send",
			peer);
	return trouble->text[0] != '\0';
}

/* --- scripts --- */

/* Nothing that only the connection's end would tell comes later than this, at that round trip. */
static void be_patient(const struct trials *trials, struct script *s)
{
	const struct verdict *first = &trials->each[TRIAL_WAIT].verdict;
	int64_t rtt = trials->peer.rtt_ms, reply = first->ms < 500 ? first->ms : 500;
	uint64_t window = 4096 + first->bytes * (uint64_t)rtt / 2000;

	s->pause_ms = 100 + 2 * rtt + reply;
	s->receive_buffer = window < 262144 ? (int)window : 262144;
}

static void set_ending(enum trial_id id, struct trials *trials, struct script *s)
{
	switch (id) {
	case TRIAL_WAIT:
		break;
	case TRIAL_NOTIFY:
		s->end = END_HALF;
		s->ends_early = true;
		/* HTTP itself tells where its reply ends. */
		if (message_framed(&trials->each[TRIAL_WAIT].message))
			s->end_at = UINT64_MAX;
		break;
	case TRIAL_HALF_CLOSE:
		s->end = END_FIRST_BARE;
		break;
	case TRIAL_UNREAD:
		s->trail = trials->trail;
		be_patient(trials, s);
		break;
	case TRIAL_LATE:
		s->late_trail = trials->trail;
		be_patient(trials, s);
		break;
	case TRIALS:
		break;
	}
}

static struct script make_script(const struct plan *plan, enum trial_id id, struct trials *trials)
{
	struct script s = {
		.tls = plan->tls,
		.any_content = true,
		.end = END_ANSWER,
		.late_answer = true,
		.watch_ms = 50 + 2 * trials->peer.rtt_ms,
		.limit_ms = plan->timeout_ms,
		.server_name = plan->server_name ? plan->server_name : plan->host,
		.tls_only = true,
		.most = REPLY_MOST,
		.stop = &plan_stopped,
	};

	if (context_is_address(s.server_name))
		s.server_name = NULL;
	request_make(plan, id != TRIAL_NOTIFY, trials->each[TRIAL_WAIT].verdict.bytes, &s);
	if (request_is_http(plan))
		s.message = &trials->each[id].message;
	trials->each[id].message.bodiless = s.file && strncmp(s.file, "HEAD ", 5) == 0;
	set_ending(id, trials, &s);
	return s;
}

/* --- running them --- */

static void converse_once(const struct plan *plan, const struct script *s, SSL_CTX *ctx, struct trial *trial,
			  struct peer *peer)
{
	int fd = reach_connect(plan, peer, s->receive_buffer, &trial->trouble);

	if (fd >= 0 && !starttls_ask(plan, fd, &trial->trouble)) {
		close(fd);
		fd = -1;
	}
	if (fd >= 0) {
		conversation_hold(s, ctx, fd, NULL, &trial->verdict);
		trial->tried = !trials_failed(plan, &trial->verdict, peer->text, &trial->trouble);
	}
}

static void run(const struct plan *plan, enum trial_id id, SSL_CTX *ctx, struct trials *trials)
{
	struct trial *trial = &trials->each[id];
	struct script s = make_script(plan, id, trials);

	trial->verdict.id = id + 1;
	if (!s.file)
		plan_trouble_is(&trial->trouble, "out of memory");
	else
		converse_once(plan, &s, ctx, trial, &trials->peer);
	free(s.file);
	if (id == TRIAL_WAIT && trial->tried)
		trial->tried = !no_reply(plan, &trial->verdict, trials->peer.text, &trial->trouble);
	/* What a signal broke off is no finding, and no trouble of the peer's. */
	if (plan_stopped) {
		trial->tried = false;
		trial->trouble.text[0] = '\0';
	}
}

static void progress(bool terminal, unsigned n, const char *name)
{
	if (terminal)
		fprintf(stderr, "\r\033[Ktrial %u of %d: %s", n, TRIALS, name);
}

void trials_run(const struct plan *plan, struct trials *trials)
{
	/* One for all: it reads the system's certificates, which takes longer than a trial. */
	struct script client = {.tls = plan->tls};
	SSL_CTX *ctx = context_new(plan, &client, &trials->each[TRIAL_WAIT].trouble);
	bool terminal = isatty(STDERR_FILENO);

	trials->trail = TRAIL;
	for (unsigned id = 0; ctx && id < TRIALS && !plan_stopped; id++) {
		progress(terminal, id + 1, trials_name((enum trial_id)id));
		run(plan, (enum trial_id)id, ctx, trials);
		if (!trials->each[TRIAL_WAIT].tried)
			break;
	}
	if (terminal)
		fputs("\r\033[K", stderr);
	SSL_CTX_free(ctx);
}
