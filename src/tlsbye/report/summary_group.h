/* SPDX-License-Identifier: MIT */
/*
 * One group as people read it.
 */
#ifndef TLSBYE_REPORT_SUMMARY_GROUP_H
#define TLSBYE_REPORT_SUMMARY_GROUP_H

#include <stdio.h>

#include "model.h"
#include "source.h"

struct page {
	FILE *out;
	struct source *source;
	int width;
	const char *bold, *red, *plain;
};

/* Filled lines, each behind indent. A newline at the beginning of the text is kept. */
void paragraph(const struct page *page, const char *indent, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* before: the group above, whose line to write is not repeated; NULL: none. */
void group_in_full(const struct page *page, const struct report *report, size_t number,
		   const struct group *before);
void group_in_short(const struct page *page, const struct group *group, size_t number, bool first);

#endif
