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

	/* not in the tests' line */
	bool provoked;       /* the RST came only behind our answer to the other side's end */
	bool enough;         /* more bytes than the script wanted */
	bool notified;       /* we said close_notify */
	int64_t answered_ms; /* from our close_notify to the other side's end; -1: it did not end behind it */
	const char *version; /* of the handshake that was completed, as is all up to alpn */
	const char *cipher;
	char alpn[32];
	long trust;          /* X509_V_...: what the certificate is worth */
	unsigned long error; /* OpenSSL's, of a handshake that failed */
	char words[48];      /* how the plaintext began, where TLS was due; printable */
};

void verdict_event(struct verdict *v, enum event e);
bool verdict_whole(const struct verdict *v);

/* The words of the verdict's line. Of an alert the name stands in an array of its own, written by each call. */
struct tls_words {
	char text[64];
};
struct tls_words verdict_tls(const struct verdict *v);
const char *verdict_tcp(const struct verdict *v);
const char *verdict_event_name(enum event e);

struct totals {
	unsigned connections, whole, close_notify, fin, rst, open, torn, bad, alerts, resumed;
	uint64_t lost, plain, late;
};

void verdict_totals_add(struct totals *t, const struct verdict *v);
void verdict_print(const struct verdict *v);
void verdict_totals_print(const struct totals *t);

#endif
