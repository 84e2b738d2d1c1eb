/* SPDX-License-Identifier: MIT */
/*
 * One JSON object on one line, member by member. A member that does not fit is left out as a whole: whatever the line
 * holds is valid JSON. What is least important comes last.
 *
 * Strings are the program's (names, paths): control characters are escaped, and what is no UTF-8 (RFC 3629) becomes U+FFFD.
 *
 * Rules: async-signal-safe. `key` is a plain name of ours, or NULL inside of an array, which is what is left out then.
 */
#ifndef TLSBYE_JSON_H
#define TLSBYE_JSON_H

#include "sys/text.h"

void json_begin(struct text *line);
void json_end(struct text *line); /* and of the line */

void json_string(struct text *line, const char *key, const char *string); /* NULL: nothing */
void json_number(struct text *line, const char *key, uint64_t number);
void json_bool(struct text *line, const char *key, bool value);

/*
 * For values that consist of others: json_key or json_open, whatever stands in them, json_close; between json_mark and
 * json_fits, which takes back all that was added since where not all of it fitted.
 */
size_t json_mark(const struct text *line);
bool json_fits(struct text *line, size_t mark);
void json_key(struct text *line, const char *key);
void json_open(struct text *line, const char *key, char bracket);
void json_close(struct text *line, char bracket);
void json_quote(struct text *line, const char *bytes, size_t length); /* the string's inside, escaped */

#endif
