/* SPDX-License-Identifier: MIT */
/*
 * One event as a line of a log has it (tlsbye-events(5)), read but not judged. The fields of all events lie in one flat
 * struct, in the order and by the names of the schema, so that who draws a ladder need not care about kinds.
 *
 * Absent is absent: a string that was not there is NULL, a number -1, a truth UNSAID. A record that the parser gives
 * lives until it reads the next line; record_keep() makes one that lives until record_free().
 */
#ifndef TLSBYE_REPORT_RECORD_H
#define TLSBYE_REPORT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event_table.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SCHEMA_KNOWN 1 /* a line whose "v" is greater is not read */

enum { UNSAID = -1 };

enum { RECORD_OBJECTS = 64 };             /* so many that its frames are in */
enum { RECORDS_MOST = 48 * 1024 * 1024 }; /* bytes of the copies that exist at a time */

/* A name that this report does not know: shown in a ladder, counted, no more. */
enum { EVENT_OTHER = EVENT_KIND_COUNT };

struct object {
	const char *path;
	const char *build_id; /* lower-case hex; NULL where the object has none */
};

/* One return address: subtract 1 to be inside of the call. */
struct frame {
	const struct object
		*object; /* NULL: the address belongs to no known object, and offset is the raw address */
	uint64_t offset;
	const char *call; /* of the innermost one: what was called there, as in struct site */
};

/* Where a function was called. Without BACKTRACE=on there is one frame. */
struct site {
	const char *call; /* "SSL_free" */
	size_t count;
	const struct frame *frames; /* innermost first */
};

struct record {
	/* Common to all. */
	enum event_kind kind;
	const char *event; /* its name as written */
	double time;       /* seconds since the epoch */
	const char *program;
	int64_t pid;
	const char *mode, *level;

	/* Of a connection. */
	const char *id;
	int64_t fd;
	const char *transport, *local, *peer, *role;

	/* handshake */
	const char *version, *cipher;
	int resumed;

	/* read-failed, write-incomplete, hidden-end */
	const char *way;    /* of hand-over */
	const char *signal; /* of killed */
	const char *other;  /* of late-call: whose number it is */
	int held_back;      /* ... and the call did nothing there */
	const char *call, *error, *error_number /* "errno": "ECONNRESET" */, *reason, *cause, *alert;
	int64_t requested;
	int certain;

	/* notify, half-close, drain, and why there was no close_notify in end */
	const char *by, *result, *why, *ended_by;
	int64_t bytes; /* of a drain or a hidden end */

	/* end: the program */
	const char *doors; /* "SSL_free, close" */
	int called_shutdown;
	const char *close_notify; /* "program", "tlsbye", "none" */
	int would_notify;
	int handshake; /* it was completed */
	int64_t bytes_read, bytes_written, unread, unread_tls, never_read, unflushed, unfinished;
	int bytes_partial; /* the first two are at least so many */
	/* end: the kernel */
	int64_t unsent, not_sent;
	const char *will_reset; /* "yes", "no", "possible" */
	int abort_meant;
	/* end: ours */
	int completed_record, half_closed;
	int64_t drained, drain_us;
	/* end: the peer */
	int peer_notified;
	const char *
		peer_hidden; /* "certain", "possible": OpenSSL was told to hide that its close_notify is missing */
	const char *peer_end;
	/* end: the verdict */
	const char *verdict, *data;
	int64_t lost_bytes;
	unsigned faults; /* FAULT_ bits */

	int64_t count;    /* out-of-reach: of these the process has had, up to here */
	int64_t us;       /* handshake, drain: how long; end: from tracked to the end */
	const char *text; /* setting */

	size_t sites_count;
	const struct site *sites;

	size_t size; /* of a copy, with all that it points to */
};

/* The site of this call ("SSL_free"), or NULL. */
const struct site *record_site(const struct record *record, const char *call);

/* A copy with all that it points to, in one piece of memory. NULL when there is none left, or where the copies take RECORDS_MOST. */
struct record *record_keep(const struct record *record);
void record_free(struct record *record);

#ifdef __cplusplus
}
#endif

#endif
