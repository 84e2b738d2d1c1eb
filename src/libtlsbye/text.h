/* SPDX-License-Identifier: MIT */
/*
 * A line of text, put together without stdio: async-signal-safe, never longer than a pipe takes in one piece.
 */
#ifndef TLSBYE_TEXT_H
#define TLSBYE_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct text {
	size_t length;
	char bytes[1024]; /* what does not fit is cut, the line's end excepted */
};

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t length);
void text_add_number(struct text *text, uint64_t number);  /* 65536 */
void text_add_grouped(struct text *text, uint64_t number); /* 65,536 */
void text_add_hex(struct text *text, uint32_t number);
void text_end_line(struct text *text);

#endif
