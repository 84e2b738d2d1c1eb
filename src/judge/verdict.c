/* SPDX-License-Identifier: MIT */
/*
 * Verdicts to words. The same keys are told in `judge --help` (options.c); tests match on them.
 */
#include "judge/verdict.h"

#include <inttypes.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

/* A run of one kind is one event; a stream that goes on changing has shown enough after 16. */
void verdict_event(struct verdict *v, enum event e)
{
	const unsigned room = sizeof(v->order) / sizeof(v->order[0]);

	if (v->events > 0 && v->order[v->events - 1] == e)
		return;
	if (v->events < room)
		v->order[v->events++] = e;
}

/* Without a number to hold it against, only close_notify says that this was all. */
bool verdict_whole(const struct verdict *v)
{
	if (v->wrong || v->tls == TLS_BAD || v->late > 0)
		return false;
	return v->expects ? v->bytes == v->expected : v->tls == TLS_CLOSE_NOTIFY;
}

void verdict_totals_add(struct totals *t, const struct verdict *v)
{
	t->connections++;
	t->whole += verdict_whole(v);
	t->close_notify += v->tls == TLS_CLOSE_NOTIFY;
	t->torn += v->tls == TLS_TORN;
	t->bad += v->tls == TLS_BAD;
	t->alerts += v->tls == TLS_ALERT;
	t->rst += v->rst;
	t->fin += v->fin && !v->rst;
	t->open += !v->fin && !v->rst;
	t->resumed += v->resumed;
	t->plain += v->plain;
	t->late += v->late;
	if (v->expects && v->bytes < v->expected)
		t->lost += v->expected - v->bytes;
}

/* OpenSSL's long names have blanks ("bad record mac"); the RFC's have not. It gives no name to the newer ones. */
static void name_alert(int alert, char *text, size_t room)
{
	const char *name = SSL_alert_desc_string_long(alert);

	if (strcmp(name, "unknown") == 0) {
		snprintf(text, room, "alert:%d", alert);
		return;
	}
	snprintf(text, room, "alert:%s", name);
	for (; *text != '\0'; text++)
		if (*text == ' ')
			*text = '_';
}

struct tls_words verdict_tls(const struct verdict *v)
{
	static const char *const names[] = {
		[TLS_NONE] = "none",
		[TLS_CLOSE_NOTIFY] = "close_notify",
		[TLS_TORN] = "torn",
		[TLS_BAD] = "bad",
	};
	struct tls_words words = {0};

	if (v->tls == TLS_ALERT)
		name_alert(v->alert, words.text, sizeof(words.text));
	else
		snprintf(words.text, sizeof(words.text), "%s", names[v->tls]);
	return words;
}

const char *verdict_event_name(enum event e)
{
	static const char *const names[] = {
		[EV_DATA] = "data",   [EV_CLOSE_NOTIFY] = "close_notify",
		[EV_ALERT] = "alert", [EV_BAD] = "bad",
		[EV_PLAIN] = "plain", [EV_RECORDS] = "records",
		[EV_FIN] = "fin",     [EV_RST] = "rst",
	};

	return names[e];
}

const char *verdict_tcp(const struct verdict *v)
{
	if (v->rst)
		return v->fin ? "fin+rst" : "rst";
	return v->fin ? "fin" : "open";
}

static void print_order(const struct verdict *v)
{
	printf(" order=%s", v->events == 0 ? "nothing" : "");
	for (unsigned i = 0; i < v->events; i++)
		printf("%s%s", i > 0 ? ">" : "", verdict_event_name(v->order[i]));
}

static const char *yes(bool b)
{
	return b ? "yes" : "no";
}

void verdict_print(const struct verdict *v)
{
	const char *content = v->wrong       ? "wrong"
			      : !v->checked  ? "unchecked"
			      : v->bytes > 0 ? "right"
					     : "none";

	printf("verdict: id=%u tls=%s tcp=%s bytes=%" PRIu64, v->id, verdict_tls(v).text, verdict_tcp(v),
	       v->bytes);
	if (v->expects)
		printf(" expected=%" PRIu64, v->expected);
	else
		printf(" expected=unknown");
	printf(" whole=%s", yes(verdict_whole(v)));
	print_order(v);
	printf(" resumed=%s ms=%" PRId64 " content=%s plain=%" PRIu64 " late=%" PRIu64 " handshake=%s\n",
	       yes(v->resumed), v->ms, content, v->plain, v->late, yes(v->handshake));
	fflush(stdout);
}

void verdict_totals_print(const struct totals *t)
{
	printf("total: connections=%u whole=%u truncated=%u lost=%" PRIu64 " close_notify=%u fin=%u rst=%u"
	       " open=%u torn=%u bad=%u resumed=%u alerts=%u plain=%" PRIu64 " late=%" PRIu64 "\n",
	       t->connections, t->whole, t->connections - t->whole, t->lost, t->close_notify, t->fin, t->rst,
	       t->open, t->torn, t->bad, t->resumed, t->alerts, t->plain, t->late);
	fflush(stdout);
}
