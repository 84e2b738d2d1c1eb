/* SPDX-License-Identifier: MIT */
/*
 * Messages for the hub, made of a fuzzer's bytes: a well-formed one of its kind, then changed. So that the corpus does not
 * depend on the layout of struct hold, and a change of one byte leaves the rest believable.
 *
 * Of the input each takes: kind; what goes with it (enum what_goes, and HOW_ bits); a number of changes, each of four bytes
 * (where: two; what; 0: a byte, 1: a word of it, 2: all ones); two bytes for the length of a tail, and the tail.
 */
#ifndef TLSBYE_HUB_MESSAGES_H
#define TLSBYE_HUB_MESSAGES_H

#include "hub/message.h"

enum { MADE_DESCRIPTORS = 5 };

enum what_goes {
	GOES_USUAL,
	GOES_NOTHING,
	GOES_UNIX,
	GOES_TCP,
	GOES_STDERR,
	GOES_PIPE,
	GOES_MAILBOX,
	GOES_MANY
};
enum {
	HOW_PEER_ENDS = 8, /* before the message */
	HOW_LATER = 16,    /* a minute passes after it */
	HOW_SILENT = 32,   /* connects, and says nothing */
	HOW_CUT = 64,      /* by as many bytes as the tail has */
	HOW_NAMED = 128,   /* the tail is the program's name, not residue and call sites */
};

struct made_message {
	unsigned char *bytes;
	size_t size;
	int fds[MADE_DESCRIPTORS];
	unsigned descriptors;
	bool silent;
	uint64_t later_us;
};

extern const unsigned char hub_messages_token[TOKEN_BYTES];

/* Its descriptors stay open until hub_messages_forget. */
void hub_messages_make(struct made_message *message, const uint8_t **data, size_t *size);

/* Ends the other ends, unmaps the mailboxes. */
void hub_messages_forget(void);

#endif
