/* SPDX-License-Identifier: MIT */
/*
 * The report as one self-contained page.
 */
#ifndef TLSBYE_REPORT_HTML_H
#define TLSBYE_REPORT_HTML_H

#include <stdio.h>

#include "model.h"
#include "source.h"

/* False when out could not be written (errno). */
bool html_write(FILE *out, const struct report *report, struct source *source);

#endif
