/* SPDX-License-Identifier: MIT */
/*
 * Where an HTTP/1.x message ends (RFC 9112, 6.3), told byte by byte: without it nobody can say whether a reply that no
 * close_notify closed was whole. What is no HTTP, and what only the end of the connection delimits, stays unknown.
 */
#ifndef TLSBYE_JUDGE_MESSAGE_H
#define TLSBYE_JUDGE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum message_part {
	PART_HEAD,
	PART_BODY,         /* of "left" bytes more */
	PART_CHUNK_SIZE,   /* a line */
	PART_CHUNK,        /* of "left" bytes more, CR and LF behind it included */
	PART_TRAILER,      /* lines, up to an empty one */
	PART_UNTIL_CLOSED, /* as long as the connection */
	PART_OVER,
	PART_FOREIGN, /* no HTTP/1.x */
};

struct message {
	bool request;  /* this and the next are set before the first byte; all else is zero then */
	bool bodiless; /* the reply to HEAD */
	enum message_part part;
	int status; /* of a reply; of an interim one (1xx) until the next begins */
	bool chunked;
	bool has_length;
	uint64_t bytes; /* fed so far, up to the message's end */
	uint64_t left;
	uint64_t length; /* of head and body together, where Content-Length tells */
	unsigned head;   /* bytes of the head, which has a limit */
	unsigned at;     /* within the line */
	char line[256];  /* as much as we have to look at */
};

void message_feed(struct message *m, const void *bytes, size_t n);

/* Its last byte has come. */
bool message_over(const struct message *m);

/* HTTP that says itself where it ends, once the head is complete: only then is "not over" a loss. */
bool message_framed(const struct message *m);

#endif
