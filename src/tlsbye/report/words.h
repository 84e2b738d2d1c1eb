/* SPDX-License-Identifier: MIT */
/*
 * Words that the ladders and the page have in common: numbers and times.
 */
#ifndef TLSBYE_REPORT_WORDS_H
#define TLSBYE_REPORT_WORDS_H

#include "record.h"

/* A string of its own, or NULL without memory. */
char *words(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "1,048,576"; grouped, because these are numbers of bytes. buffer is returned. */
enum { NUMBER_SIZE = 28 };
const char *words_number(char buffer[NUMBER_SIZE], uint64_t number);

/* "1 byte", "2,048 bytes" */
enum { BYTES_SIZE = NUMBER_SIZE + 8 };
const char *words_bytes(char buffer[BYTES_SIZE], int64_t bytes);

/* "2026-11-25 01:19:05.123456 UTC" */
enum { TIME_SIZE = 64 };
const char *words_time(char buffer[TIME_SIZE], double time);
/* "2026-11-25 01:19:05 to 01:24:05 UTC" */
enum { SPAN_SIZE = 2 * TIME_SIZE };
const char *words_span(char buffer[SPAN_SIZE], double first, double last);

#endif
