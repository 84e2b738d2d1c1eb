/* SPDX-License-Identifier: MIT */
/*
 * Written by hand, in the order of the manual; every string goes through put_string(), because a peer chose some.
 */
#include "json.h"

#include <inttypes.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>

#include "../utf8.h"

static void put_string(const char *s)
{
	putchar('"');
	while (*s != '\0') {
		unsigned code;
		int length = utf8_decode(s, &code);

		if (length == 0)
			putchar('?');
		else if (code == '"' || code == '\\')
			printf("\\%c", (int)code);
		else if (!utf8_harmless(code))
			printf("\\u%04x", code); /* they are all below U+10000 */
		else
			fwrite(s, 1, (size_t)length, stdout);
		s += length ? length : 1;
	}
	putchar('"');
}

static void put_key_string(const char *key, const char *value)
{
	printf(",\"%s\":", key);
	put_string(value);
}

static const char *truth(bool b)
{
	return b ? "true" : "false";
}

static void put_order(const struct verdict *v)
{
	printf(",\"order\":[");
	for (unsigned i = 0; i < v->events; i++)
		printf("%s\"%s\"", i > 0 ? "," : "", verdict_event_name(v->order[i]));
	putchar(']');
}

/* The keys that a verdict's line has as well, under the same names; then ours. */
static void put_verdict(const struct verdict *v, const struct delivery *d)
{
	printf(",\"tls\":\"%s\",\"tcp\":\"%s\",\"bytes\":%" PRIu64, verdict_tls(v).text, verdict_tcp(v),
	       v->bytes);
	if (d->expects)
		printf(",\"expected\":%" PRIu64, d->expected);
	if (d->whole != WHOLE_UNKNOWN)
		printf(",\"whole\":%s", truth(d->whole == WHOLE_YES));
	put_order(v);
	printf(",\"ms\":%" PRId64 ",\"plain\":%" PRIu64 ",\"late\":%" PRIu64 ",\"provoked\":%s", v->ms,
	       v->plain, v->late, truth(v->provoked));
	if (v->notified && v->answered_ms >= 0)
		printf(",\"answered_ms\":%" PRId64, v->answered_ms);
}

static void put_trial(const char *name, const struct trial *t, const struct delivery *d)
{
	printf("{\"trial\":\"%s\",\"tried\":%s", name, truth(t->tried));
	if (t->tried)
		put_verdict(&t->verdict, d);
	else if (t->trouble.text[0])
		put_key_string("trouble", t->trouble.text);
	putchar('}');
}

static void put_faults(const bool faults[FAULTS])
{
	bool first = true;

	printf(",\"faults\":[");
	for (unsigned i = 0; i < FAULTS; i++) {
		if (!faults[i])
			continue;
		printf("%s\"%s\"", first ? "" : ",", findings_fault_code((enum fault)i));
		first = false;
	}
	putchar(']');
}

static void put_session(const struct verdict *v)
{
	if (!v->version)
		return;
	put_key_string("version", v->version);
	put_key_string("cipher", v->cipher);
	if (v->alpn[0])
		put_key_string("alpn", v->alpn);
}

static void put_status(int status)
{
	if (status < 2)
		printf(",\"clean\":%s", truth(status == 0));
	printf(",\"status\":%d}\n", status);
}

void json_of_server(const struct plan *plan, const struct trials *t, const struct findings *f, int status)
{
	const struct trial *first = &t->each[TRIAL_WAIT];

	printf("{\"v\":1");
	put_key_string("host", plan->host);
	put_key_string("port", plan->port);
	if (t->peer.known)
		put_key_string("address", t->peer.text);
	put_session(&first->verdict);
	if (first->verdict.version)
		printf(",\"verified\":%s", truth(first->verdict.trust == X509_V_OK));
	if (first->verdict.version && first->verdict.trust != X509_V_OK)
		put_key_string("not_verified", X509_verify_cert_error_string(first->verdict.trust));
	if (first->trouble.text[0])
		put_key_string("trouble", first->trouble.text);
	printf(",\"trials\":[");
	for (unsigned id = 0; id < TRIALS; id++) {
		printf("%s", id > 0 ? "," : "");
		put_trial(trials_name((enum trial_id)id), &t->each[id], &f->each[id]);
	}
	putchar(']');
	put_faults(f->faults);
	put_status(status);
}

void json_of_clients(const struct peer *listener, const struct client *clients, unsigned n,
		     const bool faults[FAULTS], const char *trouble, int status)
{
	printf("{\"v\":1");
	put_key_string("listening", listener->text);
	if (trouble[0])
		put_key_string("trouble", trouble);
	printf(",\"clients\":[");
	for (unsigned i = 0; i < n; i++) {
		const struct client *c = &clients[i];

		printf("%s{\"peer\":", i > 0 ? "," : "");
		put_string(c->peer.text);
		printf(",\"tried\":%s", truth(c->trial.tried));
		put_session(&c->trial.verdict);
		if (c->trial.tried)
			put_verdict(&c->trial.verdict, &c->delivery);
		else
			put_key_string("trouble", c->trial.trouble.text);
		put_faults(c->faults);
		putchar('}');
	}
	putchar(']');
	put_faults(faults);
	put_status(status);
}
