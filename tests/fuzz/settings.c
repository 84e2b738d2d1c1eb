/* SPDX-License-Identifier: MIT */
/*
 * The settings: one value (src/setting.c), and a whole environment (src/libtlsbye/sys/settings.c, as the constructor reads it).
 *
 * Input: a byte (which setting), then lines. The first one is tried as its value, and all are the environment.
 * Rules: a value that is taken is within its range, and a complaint has what its line is made of.
 */
#include "fuzz.h"

#include "setting.h"
#include "sys/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ENTRIES_MAX = 64 };

static void check_words(const struct setting *setting, uint64_t value)
{
	uint64_t words = 1;
	for (const char *at = setting->allowed; (at = strchr(at, '|')) != NULL; at++)
		words++;
	fuzz_must(setting->kind != KIND_CHOICE || value < words);
	fuzz_must(setting->kind != KIND_PATH || value <= PATH_FILE);
}

static void try_value(const struct setting *setting, const char *text)
{
	uint64_t value = UINT64_MAX, min = 0, max = UINT64_MAX;
	const char *refusal = setting_refusal(setting, text, &value);
	if (refusal) {
		fuzz_must(*refusal && value == UINT64_MAX);
		return;
	}
	check_words(setting, value);
	if (*setting->min) {
		fuzz_must(!setting_refusal(setting, setting->min, &min));
		fuzz_must(!setting_refusal(setting, setting->max, &max));
	}
	fuzz_must(value >= min && value <= max);
	if (setting->kind == KIND_NAMES)
		fuzz_must(!setting_names_contain(text, "") && !setting_names_contain(text, "a/b"));
}

static void complained(const struct setting_complaint *complaint)
{
	fuzz_must(complaint->name && strlen(complaint->name) >= complaint->name_length);
	fuzz_must(!complaint->text || (complaint->refusal && complaint->fallback));
}

/* As the constructor does. What is handed on by pointer is replaced each time, or it would be the last input's. */
static void try_environment(char *text)
{
	static char hub[] = "TLSBYE_HUB=", ways[] = "TLSBYE_WAYS=hub,clone,in-place";
	char *entries[ENTRIES_MAX + 1] = {hub, ways}, **own = environ;
	size_t count = 2;
	for (char *line, *rest = text; count < ENTRIES_MAX && (line = strsep(&rest, "\n")) != NULL;)
		entries[count++] = line;
	entries[count] = NULL;
	environ = entries;
	settings_read();
	settings_complain(complained);
	settings_need();
	fuzz_must(strlen(settings_search_path()) <= 65536);
	environ = own;
	fuzz_must(settings->mode <= MODE_OFF && settings->log_level <= LEVEL_DEBUG);
	fuzz_must(settings->linger_total_ms <= 3600 * 1000 && settings->linger_sockets <= 65536);
	fuzz_must(strnlen(settings->log_file, sizeof settings->log_file) < sizeof settings->log_file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t which = fuzz_byte(&data, &size);
	char *value = malloc(size + 1), *text = malloc(size + 1);
	fuzz_must(value && text);
	memcpy(value, data, size);
	value[size] = '\0';
	memcpy(text, value, size + 1);
	value[strcspn(value, "\n")] = '\0';
	try_value(&setting_table[which % SETTING_COUNT], value);
	free(value);
	try_environment(text);
	free(text);
	return 0;
}
