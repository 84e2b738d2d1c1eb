/* SPDX-License-Identifier: MIT */
/*
 * The words themselves (words.h). A code of the schema that is younger than this report is shown as it is: better an
 * odd word than none.
 */
#include "words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

char *words(const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return text;
}

const char *words_number(char buffer[NUMBER_SIZE], uint64_t number)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);
	char *out = buffer;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
	return buffer;
}

const char *words_bytes(char buffer[BYTES_SIZE], int64_t bytes)
{
	words_number(buffer, bytes < 0 ? 0 : (uint64_t)bytes);
	return strcat(buffer, bytes == 1 ? " byte" : " bytes");
}

const char *words_time(char buffer[TIME_SIZE], double seconds)
{
	/* A log may say anything: what is no time of this era is none, and would not fit a time_t. */
	time_t whole = seconds >= 0 && seconds < 1e11 ? (time_t)seconds : 0;
	int micros = whole ? (int)((seconds - (double)whole) * 1e6 + 0.5) : 0;
	char day[32];
	struct tm tm;

	if (micros > 999999)
		micros = 999999;
	if (!gmtime_r(&whole, &tm) || !strftime(day, sizeof(day), "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(day, sizeof(day), "?");
	snprintf(buffer, TIME_SIZE, "%s.%06d UTC", day, micros < 0 ? 0 : micros);
	return buffer;
}

const char *words_span(char buffer[SPAN_SIZE], double first, double last)
{
	char from[TIME_SIZE], to[TIME_SIZE];
	enum { DAY = sizeof("2026-11-25 ") - 1, SECOND = sizeof("2026-11-25 01:19:05") - 1 };

	words_time(from, first);
	words_time(to, last);
	to[SECOND] = '\0';
	if (strncmp(from, to, SECOND) == 0)
		snprintf(buffer, SPAN_SIZE, "%.*s UTC", SECOND, from);
	else
		snprintf(buffer, SPAN_SIZE, "%.*s to %s UTC", SECOND, from,
			 strncmp(from, to, DAY) == 0 ? to + DAY : to);
	return buffer;
}
