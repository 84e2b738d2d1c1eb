/* SPDX-License-Identifier: MIT */
/*
 * The settings as data, and what their values may look like: one parser for the object, which reads TLSBYE_<NAME>
 * and runs on with the default, and for `tlsbye run`, which reads --<name> and refuses to start anything.
 * The table itself is src/settings_table.h.
 *
 * Rules: libc's string functions only: no stdio, no malloc, no locale (a host program's LC_NUMERIC must not change
 * what 5s means). Nothing is printed here: a refusal is a string that goes behind "TLSBYE_LINGER_IDLE=5x: ".
 */
#ifndef TLSBYE_SETTINGS_PARSE_H
#define TLSBYE_SETTINGS_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "settings_table.h"

#define SETTING_PREFIX   "TLSBYE_"
#define SETTING_TEXT_MAX 4095 /* bytes of a PATH or of NAMES: longer ones are refused */

enum setting_kind { KIND_CHOICE, KIND_DURATION, KIND_SIZE, KIND_COUNT, KIND_PATH, KIND_NAMES };

/* SETTING_MODE, SETTING_NOTIFY ...: the place in setting_table. */
#define SETTING_ID(name, kind, fallback, min, max, allowed, meaning) SETTING_##name,
enum setting_id { TLSBYE_SETTINGS(SETTING_ID) SETTING_COUNT };
#undef SETTING_ID

/* The value of a PATH: the words come in the order of "allowed". */
enum setting_path { PATH_STDERR, PATH_OFF, PATH_FILE };

struct setting {
	const char *name; /* LINGER_IDLE: without TLSBYE_ */
	enum setting_kind kind;
	const char *fallback;     /* the default, as one would write it: it always parses */
	const char *min, *max;    /* the range, as one would write it; "" where the kind has none */
	const char *allowed;      /* cure|observe|off, or "a duration like 5s or 500ms" */
	const char *meaning;      /* one clause for help and manual */
	const char *unfit;        /* refusal: "not a duration like 5s or 500ms" */
	const char *out_of_range; /* refusal: "not from 0s to 1h" */
};

extern const struct setting setting_table[SETTING_COUNT];

/*
 * Why this text is no value of the setting, or NULL: then *value is set. CHOICE: the index of the word in "allowed";
 * DURATION: milliseconds; SIZE: bytes; COUNT: the number; PATH: an enum setting_path; NAMES: how many names.
 */
const char *setting_refusal(const struct setting *setting, const char *text, uint64_t *value);

/* The setting of that name (LINGER_IDLE: length bytes, no TLSBYE_), or NULL. */
const struct setting *setting_find(const char *name, size_t length);

/* Is the program one of these names (nginx,python3)? An empty list holds none. */
bool setting_names_contain(const char *names, const char *program);

#endif
