/* SPDX-License-Identifier: MIT */
/*
 * One event, as plain data: what happened, when, to which connection, and what is known of it. events.c makes it out of
 * a connection, event_text.c renders it for people, event_json.c for programs. man/tlsbye-events.5 is what both promise.
 *
 * Rules: a few hundred bytes, on the stack of whoever tells; strings and call sites are pointed at, and live as long as
 * the telling takes. A rendering reads the event, and nothing else of the process.
 */
#ifndef TLSBYE_EVENT_H
#define TLSBYE_EVENT_H

#include "connection/endpoint.h"
#include "event_table.h"
#include "sys/call_sites.h"
#include "sys/settings.h"
#include "sys/text.h"

#include <sys/types.h>

struct event_who {
	uint32_t number; /* of the connection in this process, from 1; 0: the event is no connection's */
	int fd;          /* -1: no socket is known, nor its addresses */
	enum transport transport;
	union endpoint local, peer;
	enum role role;
};

struct event_handshake {
	const char *version, *cipher; /* NULL: not known */
	bool resumed;
	uint64_t us; /* since tracked; 0: not known */
};

/* read-failed and write-incomplete. */
struct event_failure {
	const char *call;   /* "SSL_read" */
	const char *error;  /* "SSL_ERROR_SYSCALL"; NULL: none */
	int errno_value;    /* 0: none */
	const char *reason; /* the error queue's first, as text; NULL or "": none */
	enum cause cause;
	const char *alert; /* "unknown_ca"; NULL: none came */
	uint64_t bytes_read, bytes_written;
	uint64_t requested; /* write-incomplete */
	enum peer_state peer;
	bool peer_notified;
};

struct event_hidden {
	bool certain;
	uint64_t bytes;
};

/* notify and half-close. */
struct event_step {
	enum by by;
	enum notify_result result;
	enum reason why; /* of NOTIFY_RESULT_SILENT */
};

struct event_drain {
	uint64_t bytes, us;
	enum peer_end ended_by;
};

/* A program's name, cut off if need be, and all zeroes after it. */
enum { EVENT_PROGRAM_MAX = 64 };

struct event_end {
	uint32_t close_paths;
	bool called_shutdown;
	enum by close_notify;
	bool would_notify; /* observing: the cure would have said it */
	enum reason why;   /* MAY_SPEAK: no reason, because there is none to give */
	bool handshake;
	uint64_t bytes_read, bytes_written;
	uint64_t unread, unread_tls, never_read, unflushed, unfinished;
	bool queues_known; /* unread, unsent, not_sent were asked for at the last close */
	uint64_t unsent, not_sent;
	bool abort_meant;
	bool completed_record, half_closed, lingered;
	uint64_t drained, drain_us;
	bool peer_notified;
	enum hidden peer_hidden;
	enum peer_end peer_end;
	uint64_t us; /* since tracked; 0: not known */

	/* What the verdict is made of, besides. */
	bool socket_known;         /* else nothing is known of TCP */
	bool shared, not_ours;     /* another process has the connection, or may have */
	bool over, peer_has_ended; /* of TCP, at the last close */
	bool fatal_error, peer_broke_it, wrote_to_closed_peer, shut_both, bad_write_retry;
	bool writes_seen;     /* bytes_written are all of them */
	bool residue_left;    /* ours, when the drain ended */
	uint32_t said_bytes;  /* ours, that went into the send queue */
	uint32_t left_unsent; /* when the drain ended */
	uint64_t taken;       /* bytes that TCP has ever taken to be sent; 0: not known */
	uint64_t window;      /* bytes that TCP lets be on their way at once */

	/* The verdict (verdict.h). */
	enum reset will_reset;
	enum verdict verdict;
	enum data_fate data;
	uint64_t lost_bytes; /* at least; 0: not known how many */
	uint32_t faults;     /* FAULT_ bits */
};

/* A complaint, in pieces: they are quoted from the program's environment, and copied nowhere. */
enum { SETTING_PIECES = 8 };
struct event_setting {
	struct {
		const char *bytes;
		size_t length;
	} pieces[SETTING_PIECES];
	unsigned count;
};

/* A socket cannot be handed over as it was to be: from here on this way. */
struct event_hand_over {
	enum way_place way;
	int errno_value; /* with which the one before was refused */
};

/* A call on an SSL whose socket was closed before, and whose number is another socket's, or file's, by now. */
struct event_late_call {
	const char *call;
	uint32_t other; /* the number of the connection that has it; 0: none that is known */
	bool held_back; /* the cure did not let it */
};

/* The end of a connection of which no socket is known; of none (number 0): how many of these the process had. */
struct event_out_of_reach {
	uint64_t count; /* in the process up to here, with this one */
	bool called_shutdown;
	bool knows_of_shutdown; /* else a call may have passed by the hooks */
};

/* A program has ended by a signal. Told by who has waited for it, and so knows: tlsbye run --report. */
struct event_killed {
	const char *signal; /* "SIGPIPE" */
};

struct event {
	enum event_kind kind;
	enum level level;
	enum mode mode;
	uint64_t time_us; /* since the epoch */
	const char *program;
	pid_t pid;
	struct event_who who;
	const struct sites *sites; /* of the connection; NULL: none; for event_json_sites_line */
	struct {
		const char *bytes;
		size_t length;
	} sites_json; /* the same, rendered before (event_json_sites_render); length 0: none; for event_json */
	union {
		struct event_handshake handshake;
		struct event_failure failure;
		struct event_hidden hidden;
		struct event_step step;
		struct event_drain drain;
		struct event_end end;
		struct event_setting setting;
		struct event_hand_over hand_over;
		struct event_killed killed;
		struct event_late_call late_call;
		struct event_out_of_reach out_of_reach;
	};
};

/* The two renderings: a whole line, its end included. Neither fails: what does not fit is left out, from the end. */
void event_text(struct text *line, const struct event *event);
void event_json(struct text *line, const struct event *event);

/* event_json in pieces, for who has something to add at its end: then json_end. */
void event_json_open(struct text *line, const struct event *event);

/* event_json with event->sites: host only, whose objects they lie in. */
void event_json_sites_line(struct text *line, const struct event *event);

/*
 * "objects" and "sites" of the sites in the mask, without a comma before them, for sites_json: how many bytes, 0 where
 * there are none, or not even the innermost frames fit.
 */
size_t event_json_sites_render(char *bytes, size_t size, const struct sites *sites, uint32_t which);

/* The sites that an event of this kind tells of. */
uint32_t event_json_sites_of(enum event_kind kind, enum by by);

/* The words of the table (event_table.h), in JSON and for probes (probes.h): "" where there is none. */
const char *event_names_kind(enum event_kind kind);
const char *event_names_fault(unsigned place);
const char *event_names_reason(enum reason reason);
enum reason event_names_why(const struct event *event); /* of an end without close_notify: never none */
const char *event_names_cause(enum cause cause);
const char *event_names_close_path(unsigned place);
const char *event_names_way(enum way_place way);
const char *event_names_peer_end(enum peer_end peer_end);
const char *event_names_by(enum by by);
const char *event_names_result(enum notify_result result);
const char *event_names_verdict(enum verdict verdict);
const char *event_names_data(enum data_fate data);
const char *event_names_reset(enum reset reset);
const char *event_names_transport(enum transport transport);
const char *event_names_role(enum role role);
const char *event_names_peer_state(enum peer_state state);
const char *event_names_hidden(enum hidden hidden);

/* "127.0.0.1:443", "[::1]:443", "unix", "unknown": both renderings say addresses alike. */
void event_text_endpoint(struct text *line, const union endpoint *endpoint);

/* The same for people: "" where there is nothing to be told. */
const char *event_words_reason(enum reason reason);
const char *event_words_cause(enum cause cause);
const char *event_words_peer_end(enum peer_end peer_end);
const char *event_words_peer_state(enum peer_state state);

#endif
