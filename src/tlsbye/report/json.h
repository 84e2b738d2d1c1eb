/* SPDX-License-Identifier: MIT */
/*
 * The report as one JSON document (tlsbye-report(1), JSON).
 */
#ifndef TLSBYE_REPORT_JSON_H
#define TLSBYE_REPORT_JSON_H

#include <stdio.h>

#include "model.h"
#include "source.h"

#define REPORT_SCHEMA 1 /* its "report": one more when a key changes its meaning or goes */

void json_write(FILE *out, const struct report *report, struct source *source);

#endif
