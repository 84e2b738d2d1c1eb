/* SPDX-License-Identifier: MIT */
/* The options' values, for argp's parsers: 0, or the error that stops the parsing, and then its reason is told. */
#ifndef TLSBYE_PROBE_VALUES_H
#define TLSBYE_PROBE_VALUES_H

#include <argp.h>

#include "plan.h"
#include "setting.h"

/* The settings' reader and refusals, for values that are no settings. */
error_t values_quantity(const struct setting *kind, const char *text, int64_t *value);
error_t values_time(const char *option, const char *text, int64_t *ms);

/* No blank and no control character; it begins with "first", unless that is 0. */
error_t values_word(const char *option, const char *text, char first, const char **word);

/* --send: a file's bytes, or those of stdin for "-", into the plan. */
error_t values_bytes(const char *name, struct plan *plan);

/*
 * HOST, HOST:PORT, [ADDRESS]:PORT, and an IPv6 address alone; PORT alone where a fallback for the host is given. The
 * text is cut up, and the plan points into it.
 */
error_t values_place(char *text, const char *fallback, struct plan *plan);

#endif
