/* SPDX-License-Identifier: MIT */
/*
 * The application data of every test: byte i of a stream is a function of i alone, so that whoever reads it sees
 * at once a byte that is lost, doubled or foreign, and any C program can write it without a file.
 *
 * The second term shifts the sequence by 7 at each 256 bytes: without it a lost block of 256 would go unseen.
 * A stream repeats after 64 KiB, so lost bytes are found by the count as well, never by the pattern alone.
 */
#ifndef TLSBYE_JUDGE_PATTERN_H
#define TLSBYE_JUDGE_PATTERN_H

#include <stdint.h>
#include <stddef.h>

static inline unsigned char pattern_byte(uint64_t i)
{
	return (unsigned char)(i * 131 + i / 256 * 7);
}

static inline void pattern_fill(unsigned char *buf, size_t n, uint64_t offset)
{
	for (size_t i = 0; i < n; i++)
		buf[i] = pattern_byte(offset + i);
}

/* How many of the n bytes are those of the stream at offset: n, or the place of the first wrong one. */
static inline size_t pattern_match(const unsigned char *buf, size_t n, uint64_t offset)
{
	size_t i = 0;

	while (i < n && buf[i] == pattern_byte(offset + i))
		i++;
	return i;
}

#endif
