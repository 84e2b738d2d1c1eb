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
void summary_group_paragraph(const struct page *page, const char *indent, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* number: its index in report, which is shown as one more. A line to write that was shown before is not repeated. */
void summary_group_in_full(const struct page *page, const struct report *report, size_t number);
void summary_group_in_short(const struct page *page, const struct group *group, size_t number, bool first);

#endif
