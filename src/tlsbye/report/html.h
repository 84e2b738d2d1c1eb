/* SPDX-License-Identifier: MIT */
/*
 * The report as one self-contained page: it needs no other file, no network and, to be read, no script.
 */
#ifndef TLSBYE_REPORT_HTML_H
#define TLSBYE_REPORT_HTML_H

#include <stdio.h>

#include "model.h"
#include "source.h"

/* False when out could not be written (errno). */
bool html_write(FILE *out, const struct report *report, struct source *source);

/* All of it or nothing: what stood in path stays until the page is complete. False: it is said on stderr. */
bool html_save(const char *path, const struct report *report, struct source *source);

#endif
