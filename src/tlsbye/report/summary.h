/* SPDX-License-Identifier: MIT */
/*
 * The report for people: one screen for one program at fault.
 */
#ifndef TLSBYE_REPORT_SUMMARY_H
#define TLSBYE_REPORT_SUMMARY_H

#include <stdio.h>

#include "model.h"
#include "source.h"

struct screen {
	bool color;
	int width; /* columns; 0: no terminal */
};

void summary_print(FILE *out, const struct report *report, struct source *source, struct screen screen);

/* The functions that the suggested lines call, each once, ready to be pasted. */
void summary_lines(FILE *out, const struct report *report);

#endif
