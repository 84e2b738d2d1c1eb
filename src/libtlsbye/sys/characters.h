/* SPDX-License-Identifier: MIT */
/*
 * The characters of UTF-8, and which of them may be shown. Names of programs, paths and settings are other people's: what
 * steers a terminal, or turns the order of what is read, is no letter of a name.
 *
 * Rules: plain functions of their arguments; they run in a task as well (libtask).
 */
#ifndef TLSBYE_CHARACTERS_H
#define TLSBYE_CHARACTERS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * How many bytes the character has that begins here, at most `left`, and which it is; 0 where it is none of UTF-8's: cut off,
 * longer than it need be, a surrogate, or beyond the last code point (RFC 3629, 4).
 */
size_t characters_decode(const char *bytes, size_t left, unsigned *code);

/* Neither a control character (C1, too), nor a mark of direction, nor a separator of lines or paragraphs. */
bool characters_harmless(unsigned code);

#endif
