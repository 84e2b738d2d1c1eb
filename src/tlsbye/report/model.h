/* SPDX-License-Identifier: MIT */
/*
 * What a report knows: records come in, connections are counted and grouped by who did what where. Everybody who shows
 * something (summary, json, html, ladder) reads these structs and changes nothing.
 *
 * Rules: memory does not grow with the length of the log. A connection costs 16 bytes (so that one without an end is
 * known); of the events only those of connections that somebody wants to see are kept: the one of --connection, and
 * with --html a bounded number of the worst ones of each group.
 */
#ifndef TLSBYE_REPORT_MODEL_H
#define TLSBYE_REPORT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

/* Bucket n of a histogram of times counts those below 1 µs << n; the last one, all that are longer (over 17 min). */
enum { TIME_BUCKETS = 32 };
struct times {
	uint64_t count;
	uint64_t buckets[TIME_BUCKETS];
};

/* One connection with its events. */
struct connection_story {
	const char *id;
	const char *program;
	int64_t pid;
	const char *transport, *local, *peer, *role; /* NULL where no event says so */
	double begin, finish;                        /* the times of its first and of its last event */
	const struct record *const *events;          /* in the order of time */
	size_t count;
	uint64_t left_out;        /* later events of it that were too many to be kept */
	const struct record *end; /* one of these; NULL: without an end (killed, or the log is cut) */
	/* end's faults and sites: end->faults, end->sites, record_site(end, "close") */
};

/* What a group is about; within a report the groups stand the worst first. */
enum group_kind {
	GROUP_FAULT,       /* what this program did wrong: code is a fault's ("unread-at-close") */
	GROUP_HIDDEN_END,  /* it hides a truncation from itself: "hidden-end" */
	GROUP_READ_FAILED, /* what it suffered: code is a cause ("peer-reset") */
	GROUP_LATE_CALL,   /* a call after close, on another's number: code is "late-call" */
	GROUP_KILLED, /* the process was ended by a signal: code is its name; connections are processes */
	GROUP_WRITE_INCOMPLETE, /* code is an errno's or an error's name ("EPIPE", "SSL_ERROR_WANT_WRITE") */
	GROUP_OUT_OF_REACH, /* no socket is known: code is "out-of-reach", and nothing of it is known to be wrong */
};

/*
 * All connections with the same (kind, code, program, innermost frame of site). A connection with two faults stands in
 * two groups; the totals count it once.
 */
struct group {
	enum group_kind kind;
	const char *code;
	enum fault_place fault; /* of GROUP_FAULT only; FAULT_COUNT otherwise */
	const char *program;
	struct site site; /* the guilty call, of the example; site.call NULL: no site is known */
	const struct record *
		example; /* the worst one: an end (GROUP_FAULT), or the event itself; its other sites, doors .. */

	uint64_t connections; /* (events, where no end is meant) */
	uint64_t safe;        /* data is known to have arrived */
	/* A connection's loss and its reset are put down to the worst of its faults, and stand in that group only. */
	uint64_t lost, data_unknown, lost_bytes /* at least */;
	uint64_t resets, resets_possible; /* will_reset "yes", "possible", and not cured */
	uint64_t cured, wrong, meant;
	uint64_t observed;  /* of the wrong ones: in mode observe */
	struct times drain; /* drain_us of the cured */
	double first, last; /* times of its first and last event */

	/* The worst connections first. Their events only with --html (otherwise story.events holds the example alone). */
	const struct connection_story *const *stories;
	size_t stories_count;
};

struct count {
	const char *name; /* "TLSv1.3" */
	uint64_t count;
};

struct totals {
	uint64_t events;
	uint64_t connections; /* all below but foreign */
	uint64_t clean, cured, wrong, meant;
	uint64_t without_end;
	uint64_t untold;       /* too many connections at a time to know all without an end (millions) */
	uint64_t undecided;    /* no end was logged and none is missed: the log has no debug level */
	uint64_t out_of_reach; /* no socket of them is known (memory BIOs): at least so many */
	uint64_t foreign;      /* another holder's: a forked relative counts its own */
	uint64_t lost, data_unknown; /* truncated: data is lost, or may be; of the connections above */
	uint64_t lost_bytes;
	uint64_t abandoned; /* writes that were given up: write-incomplete, or unfinished at the end */
	uint64_t resets;    /* by this side, and not cured */
	uint64_t reads_failed, hidden_ends;
	uint64_t
		left_in_handshake; /* by the peer, before a word of data: in no group where this side is the server */
	uint64_t processes;
	uint64_t killed;      /* processes that are known to have been ended by a signal */
	uint64_t cut_short;   /* processes that ended without a word */
	uint64_t unexplained; /* of these: no signal is known by which they ended */
	struct times drain;
	double first, last; /* 0: no event */
};

/* A reason for which lines were not read. */
struct skipped {
	const char *reason; /* "cut in the middle" */
	const char *hint;   /* what to do about it, or NULL */
	uint64_t lines;
	const char *file; /* the first of them */
	uint64_t line;
};

struct report {
	struct totals totals;
	const struct group *const *groups; /* the worst first */
	size_t groups_count;
	uint64_t
		groups_left_out; /* connections that are in no group because there are too many different ones */

	const struct count *programs; /* connections of each, most first */
	size_t programs_count;
	const struct count *versions, *ciphers; /* most first; of handshakes that were logged */
	size_t versions_count, ciphers_count;
	uint64_t handshakes, resumed;

	/* --connection ID: usually one; several where a pid was used again, or where logs of several machines meet. */
	const struct connection_story *const *chosen;
	size_t chosen_count;

	bool no_debug; /* only "info" and worse in the log: clean connections may be missing (LOG_LEVEL=debug) */
	uint64_t bytes, lines; /* that were read */
	const struct skipped *skipped;
	size_t skipped_count;
	uint64_t lines_skipped;
	uint64_t lines_lost;      /* that the log did not take (reported.c) */
	const char *const *files; /* as given */
	size_t files_count;
	size_t stories_limit; /* so many connections of a group are kept at the most */
	bool with_events;     /* and with their events (--html) */
};

struct model;

/* connection: the ID whose events are to be kept, or NULL. */
struct model *model_new(const char *connection, size_t stories_limit);

/* A record_fn (log_reader.h): the model as context. */
void model_add(void *model, const struct record *record);

/*
 * For --html the log is read twice: which connections are the worst is known at its end only. Between the two
 * model_choose(), and in the second reading this takes the events of the chosen.
 */
void model_choose(struct model *model);
void model_add_event(void *model, const struct record *record);

/* Nothing is added any more. What was read and skipped is for the caller to fill in. Lives as long as the model. */
struct report *model_report(struct model *model);

void model_free(struct model *model);

#endif
