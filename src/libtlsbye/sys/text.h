/* SPDX-License-Identifier: MIT */
/*
 * A line of text, put together without stdio: async-signal-safe, never longer than a pipe takes in one piece.
 *
 * The bytes are somebody else's: a line's buffer (lines.h), which is too large for the stack of a signal handler.
 */
#ifndef TLSBYE_TEXT_H
#define TLSBYE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINE_MAX_BYTES = 4000 }; /* its end included; PIPE_BUF is 4096 */

struct text {
	char *bytes;
	size_t length;
	size_t room; /* for everything but the line's end */
	bool cut;    /* something did not fit, and was left out */
};

/* A line in so many bytes, of which a few are kept for its end. */
struct text text_in(char *bytes, size_t size);

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t length);
void text_add_number(struct text *text, uint64_t number);  /* 65536 */
void text_add_grouped(struct text *text, uint64_t number); /* 65,536 */
void text_add_hex(struct text *text, uint32_t number);
void text_end_line(struct text *text); /* in any case: the room for it was kept */

#endif
