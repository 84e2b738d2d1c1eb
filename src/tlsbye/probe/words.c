/* SPDX-License-Identifier: MIT */
/*
 * Wording only: nothing here decides anything. --verbose puts the judging peer's own lines above.
 */
#include "words.h"

#include <inttypes.h>
#include <openssl/x509_vfy.h>
#include <string.h>

static void question(const char *text)
{
	printf("%-25s ", text);
}

/* "close_notify, then FIN" and its like: what TLS said last, and what TCP said. */
static void print_end(const struct verdict *v)
{
	const char *tcp = findings_reset(v) ? v->fin ? "FIN, then RST" : "RST" : v->fin ? "FIN" : NULL;
	struct tls_words tls = verdict_tls(v);

	if (v->tls == TLS_CLOSE_NOTIFY)
		printf("close_notify%s%s", tcp ? ", then " : ", and the connection stays open",
		       tcp ? tcp : "");
	else if (v->tls == TLS_TORN)
		printf("%s in the middle of a record", tcp ? tcp : "the limit of time");
	else if (v->tls == TLS_NONE)
		printf("%s%s", tcp ? tcp : "nothing: it stays open", tcp ? " without close_notify" : "");
	else
		printf("%s%s%s", tls.text, tcp ? ", then " : "", tcp ? tcp : "");
}

static void print_bytes(const struct verdict *v, const struct delivery *d)
{
	if (d->whole != WHOLE_YES && d->expects && d->expected > 0)
		printf("%" PRIu64 " of %" PRIu64 " bytes", v->bytes, d->expected);
	else
		printf("%" PRIu64 " bytes", v->bytes);
}

static void not_tried(const struct trial *t)
{
	printf("not tried: %s\n", t->trouble.text[0] ? t->trouble.text : "interrupted");
}

/* --- a server's questions --- */

static void head_line(const struct plan *plan, const struct trials *trials)
{
	const struct verdict *v = &trials->each[TRIAL_WAIT].verdict;
	bool literal = strchr(plan->host, ':') != NULL;

	printf("%s%s%s:%s", literal ? "[" : "", plan->host, literal ? "]" : "", plan->port);
	if (trials->peer.known)
		printf(" at %s", trials->peer.text);
	if (v->version)
		printf(": %s, %s%s%s", v->version, v->cipher, v->alpn[0] ? ", " : "", v->alpn);
	putchar('\n');
}

/* A finding like the others: who a peer is and how it ends its connections are two questions. */
static void certificate(const struct plan *plan, const struct verdict *v)
{
	if (!v->version)
		return;
	question("certificate trusted?");
	if (v->trust == X509_V_OK)
		printf("yes, for %s\n", plan->server_name ? plan->server_name : plan->host);
	else
		printf("no: %s\n", X509_verify_cert_error_string(v->trust));
}

static void says_notify(const struct plan *plan, const struct trial *wait, const struct findings *f)
{
	const struct verdict *v = &wait->verdict;

	question("sends close_notify?");
	if (!wait->tried)
		not_tried(wait);
	else if (v->tls == TLS_CLOSE_NOTIFY)
		printf("yes%s%s\n", v->fin ? ", before its FIN" : "",
		       f->faults[FAULT_NO_NOTIFY_TRAIL] ? "; no when it is sent more than it reads" : "");
	else if (findings_ended(v))
		printf("no%s%s\n", v->tls == TLS_NONE ? "" : ": ",
		       v->tls == TLS_NONE ? "" : verdict_tls(v).text);
	else
		printf("not known: it did not end within %g s\n", (double)plan->timeout_ms / 1000);
}

static void fin_or_rst(const struct trials *t)
{
	bool first = true;

	question("FIN or RST?");
	for (unsigned id = 0; id < TRIALS; id++) {
		static const char *const when[] = {"", "", "", " when bytes lie unread",
						   " when bytes come late"};
		const struct verdict *v = &t->each[id].verdict;

		if (!t->each[id].tried || id == TRIAL_NOTIFY || id == TRIAL_HALF_CLOSE)
			continue;
		if (id != TRIAL_WAIT && !findings_reset(v))
			continue;
		printf("%s%s%s", first ? "" : "; ",
		       findings_reset(v) ? v->fin ? "FIN, then RST" : "RST"
		       : v->fin          ? "FIN"
					 : "neither: it stays open",
		       when[id]);
		first = false;
	}
	puts(first ? "not known" : "");
}

static bool loses_in(const struct trials *t, const struct findings *f, enum trial_id id, const char *when,
		     bool first)
{
	if (!t->each[id].tried || f->each[id].whole != WHOLE_NO)
		return false;
	printf("%s", first ? "yes: " : "; ");
	print_bytes(&t->each[id].verdict, &f->each[id]);
	printf(" arrive%s", when);
	return true;
}

static void loses_data(const struct trials *t, const struct findings *f)
{
	bool lost, at_risk = f->faults[FAULT_RESET] || f->faults[FAULT_RESET_UNREAD] ||
			     f->faults[FAULT_RESET_LATE];

	question("loses data?");
	lost = loses_in(t, f, TRIAL_WAIT, "", true);
	lost |= loses_in(t, f, TRIAL_UNREAD, " when bytes lie unread", !lost);
	lost |= loses_in(t, f, TRIAL_LATE, " when bytes come late", !lost);
	if (lost)
		putchar('\n');
	else if (at_risk)
		puts("not this time: what was written was here before the RST");
	else if (!t->each[TRIAL_UNREAD].tried || !t->each[TRIAL_LATE].tried)
		puts("not known");
	else if (f->unsure)
		puts("not known: it replies less when it is sent more than it reads, and says that this is all");
	else if (f->each[TRIAL_UNREAD].whole == WHOLE_UNKNOWN || f->each[TRIAL_LATE].whole == WHOLE_UNKNOWN)
		puts("not seen; nothing told how much there was to come");
	else
		printf("no: %" PRIu64 " bytes arrive, whatever it is sent\n",
		       t->each[TRIAL_UNREAD].verdict.bytes);
}

static void answers(const char *text, const struct trial *t, const struct plan *plan, bool half_close,
		    const struct delivery *d)
{
	const struct verdict *v = &t->verdict;

	question(text);
	if (!t->tried) {
		not_tried(t);
		return;
	}
	if (half_close) {
		print_bytes(v, d);
		printf(", ");
		print_end(v);
		putchar('\n');
		return;
	}
	if (!v->notified || !findings_ended(v)) {
		printf("%s %g s\n",
		       v->notified ? "no: it stays open, for" : "not known: no complete reply within",
		       (double)plan->timeout_ms / 1000);
		return;
	}
	if (v->answered_ms < 0)
		printf("it ended first: ");
	else
		printf("%s: ", v->tls == TLS_CLOSE_NOTIFY ? "yes" : "no");
	print_end(v);
	putchar('\n');
}

static void how_long(const struct trials *t)
{
	const struct verdict *wait = &t->each[TRIAL_WAIT].verdict, *ours = &t->each[TRIAL_NOTIFY].verdict;

	question("how long?");
	if (!t->each[TRIAL_WAIT].tried) {
		puts("not known");
		return;
	}
	if (findings_ended(wait))
		printf("%" PRId64 " ms to its own end", wait->ms);
	else
		printf("no end of its own in %" PRId64 " ms", wait->ms);
	if (t->each[TRIAL_NOTIFY].tried && ours->answered_ms >= 0)
		printf(", %" PRId64 " ms from our close_notify to its FIN or RST", ours->answered_ms);
	putchar('\n');
}

void words_overall(const bool faults[FAULTS], const char *unknown)
{
	bool first = true;

	for (unsigned i = 0; i < FAULTS; i++) {
		if (!faults[i])
			continue;
		printf("%s%s", first ? "not clean: " : "; ", findings_fault_sentence((enum fault)i));
		first = false;
	}
	if (!first)
		putchar('\n');
	else if (unknown)
		printf("not known: %s\n", unknown);
	else
		puts("clean");
}

void words_of_server(const struct plan *plan, const struct trials *t, const struct findings *f)
{
	const char *unknown = !f->complete ? "not every trial could be made"
			      : f->unsure  ? "whether its shorter replies are whole"
					   : NULL;

	head_line(plan, t);
	certificate(plan, &t->each[TRIAL_WAIT].verdict);
	for (unsigned id = 0; plan->verbose && id < TRIALS; id++) {
		struct verdict v = t->each[id].verdict;

		if (!t->each[id].tried)
			continue;
		v.expects = f->each[id].expects;
		v.expected = f->each[id].expected;
		printf("%-13s", trials_name((enum trial_id)id));
		verdict_print(&v);
	}
	says_notify(plan, &t->each[TRIAL_WAIT], f);
	fin_or_rst(t);
	loses_data(t, f);
	answers("answers a close_notify?", &t->each[TRIAL_NOTIFY], plan, false, &f->each[TRIAL_NOTIFY]);
	answers("after a half-close?", &t->each[TRIAL_HALF_CLOSE], plan, true, &f->each[TRIAL_HALF_CLOSE]);
	how_long(t);
	words_overall(f->faults, unknown);
}

void words_of_client(const struct trial *client, const struct peer *peer, const struct delivery *delivery,
		     const bool found[FAULTS])
{
	const struct verdict *v = &client->verdict;
	bool bad = false;

	for (unsigned i = 0; i < FAULTS; i++)
		bad = bad || found[i];
	printf("%s: ", peer->text);
	print_bytes(v, delivery);
	printf("%s, ", delivery->expects && delivery->whole == WHOLE_YES ? " (all)" : "");
	print_end(v);
	if (v->notified && v->answered_ms >= 0)
		printf(", in answer to our close_notify");
	printf(", %" PRId64 " ms: %s\n", v->ms,
	       bad                 ? "not clean"
	       : findings_ended(v) ? "clean"
				   : "not known");
}
