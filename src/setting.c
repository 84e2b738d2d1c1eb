/* SPDX-License-Identifier: MIT */
/*
 * One strict reader for every kind of value. A value is read whole or refused: no sign, no blank, no trailing junk, no
 * number that wrapped round. "5" is no duration, because half of the users would mean seconds by it and half
 * milliseconds.
 *
 * Rules: as in setting.h; everything works on the text itself, nothing is copied.
 */
#include "setting.h"

#include <string.h>

/* The refusals are put together by the compiler, so that reading a value never has to format text. */
#define UNFIT_CHOICE   "not one of "
#define UNFIT_DURATION "not "
#define UNFIT_SIZE     "not "
#define UNFIT_COUNT    "not "
#define UNFIT_PATH     "not "
#define UNFIT_NAMES    "not "
#define SETTING_ROW(name, kind, fallback, min, max, allowed, meaning)                                        \
	{#name,                                                                                              \
	 KIND_##kind,                                                                                        \
	 fallback,                                                                                           \
	 min,                                                                                                \
	 max,                                                                                                \
	 allowed,                                                                                            \
	 meaning,                                                                                            \
	 UNFIT_##kind allowed,                                                                               \
	 "not from " min " to " max},

const struct setting setting_table[SETTING_COUNT] = {TLSBYE_SETTINGS(SETTING_ROW)};

struct unit {
	const char *suffix;
	uint64_t factor;
};

static const struct unit duration_units[] = {
	{"ms", 1}, {"s", 1000}, {"m", UINT64_C(60) * 1000}, {"h", UINT64_C(3600) * 1000}, {NULL, 0}};

static const struct unit size_units[] = {{"", 1},
					 {"K", UINT64_C(1) << 10},
					 {"M", UINT64_C(1) << 20},
					 {"G", UINT64_C(1) << 30},
					 {"T", UINT64_C(1) << 40},
					 {NULL, 0}};

static const struct unit count_units[] = {{"", 1}, {NULL, 0}};

static const struct unit *units_of(enum setting_kind kind)
{
	if (kind == KIND_DURATION)
		return duration_units;
	if (kind == KIND_SIZE)
		return size_units;
	return count_units;
}

/*
 * Digits, then one of the units and nothing more. A number too large for 64 bits stays huge: it is a number all the
 * same, and the range is what the user should hear about.
 */
static bool parse_quantity(const struct unit *units, const char *text, uint64_t *value)
{
	const char *p = text;
	uint64_t number = 0;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*p - '0'), &number))
			number = UINT64_MAX / 10;
	if (p == text)
		return false;

	for (; units->suffix; units++) {
		if (strcmp(p, units->suffix) != 0)
			continue;
		if (__builtin_mul_overflow(number, units->factor, value))
			*value = UINT64_MAX;
		return true;
	}
	return false;
}

/* The place of text[0..length) among words that stand between separators, or -1. */
static int word_index(const char *words, char separator, const char *text, size_t length)
{
	for (int i = 0;; i++) {
		const char *end = strchrnul(words, separator);

		if ((size_t)(end - words) == length && memcmp(words, text, length) == 0)
			return i;
		if (*end == '\0')
			return -1;
		words = end + 1;
	}
}

static bool parse_choice(const char *allowed, const char *text, uint64_t *value)
{
	int index = word_index(allowed, '|', text, strlen(text));

	if (index < 0 || *text == '\0' || strchr(text, '|'))
		return false;
	*value = (uint64_t)index;
	return true;
}

/* A relative path would mean another file after the program's chdir(): daemons go to /. */
static bool parse_path(const char *text, uint64_t *value)
{
	if (strcmp(text, "stderr") == 0)
		*value = PATH_STDERR;
	else if (strcmp(text, "off") == 0)
		*value = PATH_OFF;
	else if (*text == '/' && strlen(text) <= SETTING_TEXT_MAX)
		*value = PATH_FILE;
	else
		return false;
	return true;
}

/* A name with a slash, or an empty one, would never be a program's: better refused than silently without effect. */
static bool parse_names(const char *text, uint64_t *value)
{
	uint64_t names = 0;

	if (strlen(text) > SETTING_TEXT_MAX || strchr(text, '/'))
		return false;
	while (*text) {
		size_t length = strcspn(text, ",");

		if (length == 0 || strcmp(text + length, ",") == 0)
			return false;
		names++;
		text += length + (text[length] == ',');
	}
	*value = names;
	return true;
}

static const char *quantity_refusal(const struct setting *setting, const char *text, uint64_t *value)
{
	const struct unit *units = units_of(setting->kind);
	uint64_t min, max, number;

	if (!parse_quantity(units, text, &number))
		return setting->unfit;
	if (!parse_quantity(units, setting->min, &min) || !parse_quantity(units, setting->max, &max))
		return setting->out_of_range;
	if (number < min || number > max)
		return setting->out_of_range;
	*value = number;
	return NULL;
}

const char *setting_refusal(const struct setting *setting, const char *text, uint64_t *value)
{
	bool fits = false;

	switch (setting->kind) {
	case KIND_DURATION:
	case KIND_SIZE:
	case KIND_COUNT:
		return quantity_refusal(setting, text, value);
	case KIND_CHOICE:
		fits = parse_choice(setting->allowed, text, value);
		break;
	case KIND_PATH:
		fits = parse_path(text, value);
		break;
	case KIND_NAMES:
		fits = parse_names(text, value);
		break;
	}
	return fits ? NULL : setting->unfit;
}

const struct setting *setting_find(const char *name, size_t length)
{
	for (int i = 0; i < SETTING_COUNT; i++)
		if (strlen(setting_table[i].name) == length &&
		    memcmp(setting_table[i].name, name, length) == 0)
			return &setting_table[i];
	return NULL;
}

bool setting_names_contain(const char *names, const char *program)
{
	return *names != '\0' && *program != '\0' && word_index(names, ',', program, strlen(program)) >= 0;
}
