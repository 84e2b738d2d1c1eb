/* SPDX-License-Identifier: MIT */
/*
 * What the judge found: one verdict for each connection, one total for all. The lines are for programs to read
 * (key=value, one blank between, no blank within); keys are only ever added at the end.
 */
#ifndef TLSBYE_JUDGE_VERDICT_H
#define TLSBYE_JUDGE_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

enum tls_end {
	TLS_NONE,         /* TCP ended, or the limit came, and TLS had said nothing */
	TLS_CLOSE_NOTIFY, /* "this is all" (RFC 8446, 6.1) */
	TLS_ALERT,        /* a fatal alert; which one stands in alert */
	TLS_TORN,         /* the stream ended within a record */
	TLS_BAD,          /* a record that does not decrypt, or breaks the protocol */
};

/* Something that the other side did; the order they came in is a part of the verdict. */
enum event { EV_DATA, EV_CLOSE_NOTIFY, EV_ALERT, EV_BAD, EV_PLAIN, EV_RECORDS, EV_FIN, EV_RST };

struct verdict {
	unsigned id;
	enum tls_end tls;
	int alert; /* the alert's description, for TLS_ALERT */
	bool fin;
	bool rst;
	bool handshake;
	bool resumed;
	bool expects;
	bool checked; /* the content is held against the pattern */
	bool wrong;   /* and was not the pattern's */
	uint64_t expected;
	uint64_t bytes;
	uint64_t plain; /* bytes behind the TLS end that are no TLS record */
	uint64_t late;  /* and those that are */
	int64_t ms;     /* from the start to the other side's FIN or RST, or to the limit */
	unsigned events;
	enum event order[16];
};

void verdict_event(struct verdict *v, enum event e);
bool verdict_whole(const struct verdict *v);

struct totals {
	unsigned connections, whole, close_notify, fin, rst, open, torn, bad, alerts, resumed;
	uint64_t lost, plain, late;
};

void totals_add(struct totals *t, const struct verdict *v);
void verdict_print(const struct verdict *v);
void totals_print(const struct totals *t);

#endif
