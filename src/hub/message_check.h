/* SPDX-License-Identifier: MIT */
/*
 * May this message be believed? Pure: bytes in, an answer out. What is in it was written by any process of the tree, which
 * may be compromised: each enumeration, truth value and length is checked before anybody reads it as such, since one that
 * is out of its range would index tables.
 *
 * Rules: nothing is changed; the caller closes what came with it. Who adds a field to struct hold, or to what is in it,
 * adds its range in message_check.c.
 */
#ifndef TLSBYE_MESSAGE_CHECK_H
#define TLSBYE_MESSAGE_CHECK_H

#include "hub/message.h"

enum message_fault {
	MESSAGE_GOOD,
	MESSAGE_BAD_SIZE,    /* shorter than its kind, cut, or not what it says */
	MESSAGE_BAD_VERSION, /* or no message of ours at all */
	MESSAGE_BAD_TOKEN,
	MESSAGE_BAD_KIND,
	MESSAGE_BAD_DESCRIPTORS, /* too few, too many, or not a stream socket, no mailbox */
	MESSAGE_BAD_CONTENT,     /* a value out of its range; a line that is not one line of text */
	MESSAGE_REPEATED,        /* a HOLD that is there already */
	MESSAGE_LATE,            /* a SPOKEN for what is over, or never was */
	MESSAGE_NONE_CAME,       /* a connection that said nothing */
	MESSAGE_NO_ROOM,         /* no memory, no descriptor */
	MESSAGE_FAULT_COUNT
};

enum message_fault message_check(const void *bytes, size_t size, unsigned descriptors,
				 const unsigned char token[TOKEN_BYTES]);

/* The text of a LINE, or one out of a mailbox. */
enum message_fault message_check_line(const char *line, size_t length);

#endif
