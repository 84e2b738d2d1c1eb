/* SPDX-License-Identifier: MIT */
/*
 * The environment, read once (settings.h). In a setuid program (where the loader preloads only what an
 * administrator marked for it) nobody else's wishes count: the defaults hold.
 */
#include "sys/settings.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static struct settings the_settings = {.mode = MODE_OFF, .ways = WAY_HUB | WAY_CLONE | WAY_IN_PLACE};
const struct settings *settings = &the_settings;
static bool settled;

struct reading {
	uint64_t value[SETTING_COUNT];
	const char *text[SETTING_COUNT]; /* NULL: not set */
};

/* --- complaints --- */

enum { COMPLAINTS_MAX = SETTING_COUNT + 8 };
static struct setting_complaint complaints[COMPLAINTS_MAX];
static unsigned complaint_count;

static void complain(const struct setting_complaint *complaint)
{
	if (complaint_count < COMPLAINTS_MAX)
		complaints[complaint_count++] = *complaint;
}

void settings_complain(void (*tell)(const struct setting_complaint *complaint))
{
	for (unsigned i = 0; i < complaint_count; i++)
		tell(&complaints[i]);
	complaint_count = 0;
}

/* --- reading --- */

/* What `tlsbye run` and the tests hand on, and is no wish of a user's. */
static const char *hub_text, *ways_text;

static const char **handed_on(const char *name, size_t length)
{
	if (length == 3 && memcmp(name, "HUB", 3) == 0)
		return &hub_text;
	return length == 4 && memcmp(name, "WAYS", 4) == 0 ? &ways_text : NULL;
}

/* A misspelt name would be a wish that nobody hears. */
static void complain_of_unknown(const char *entry, size_t length)
{
	struct setting_complaint complaint = {.name = entry, .name_length = length};
	complain(&complaint);
}

/* One walk through the environment, in every process. Was anything set, or misspelt? */
static bool collect(struct reading *reading)
{
	static const char prefix_text[] = SETTING_PREFIX;
	const size_t prefix = sizeof prefix_text - 1;
	bool any = false;
	if (getauxval(AT_SECURE))
		return false;
	for (char **entry = environ; entry && *entry; entry++) {
		if (**entry != *SETTING_PREFIX || strncmp(*entry, SETTING_PREFIX, prefix) != 0)
			continue;
		const char *name = *entry + prefix, *equals = strchr(name, '=');
		if (!equals)
			continue;
		size_t length = (size_t)(equals - name);
		const struct setting *setting = setting_find(name, length);
		const char **handed = setting ? NULL : handed_on(name, length);
		any = any || handed != &hub_text;
		if (setting)
			reading->text[setting - setting_table] = equals + 1;
		else if (handed)
			*handed = equals + 1;
		else
			complain_of_unknown(*entry, prefix + length);
	}
	return any;
}

static void understand(struct reading *reading, enum setting_id id)
{
	const struct setting *setting = &setting_table[id];
	const char *text = reading->text[id];
	const char *refusal = text ? setting_refusal(setting, text, &reading->value[id]) : NULL;
	if (refusal) {
		struct setting_complaint complaint = {.name = setting->name,
						      .name_length = strlen(setting->name),
						      .text = text,
						      .refusal = refusal,
						      .fallback = setting->fallback};
		complain(&complaint);
	}
	if (text && !refusal)
		return;
	reading->text[id] = setting->fallback;
	setting_refusal(setting, setting->fallback, &reading->value[id]);
}

static bool left_out(const struct reading *reading)
{
	const char *only = reading->text[SETTING_ONLY], *skip = reading->text[SETTING_SKIP];
	const char *program = program_invocation_short_name;
	return (*only && !setting_names_contain(only, program)) || setting_names_contain(skip, program);
}

static void choose_log(const struct reading *reading)
{
	if (reading->value[SETTING_LOG] == PATH_OFF)
		the_settings.log_level = LEVEL_OFF;
	if (reading->value[SETTING_LOG] != PATH_FILE)
		return;
	strcpy(the_settings.log_file, reading->text[SETTING_LOG]);
}

void settings_log_to_stderr(void)
{
	the_settings.log_file[0] = '\0';
}

const char *settings_hub(void)
{
	return hub_text;
}

static void choose_ways(void)
{
	static const char names[][EVENT_LONGEST_WORD(EVENT_WAYS)] = {EVENT_WAYS(EVENT_WORD)};
	if (!ways_text)
		return;
	the_settings.ways = 0;
	for (unsigned i = 0; i < WAY_COUNT; i++)
		if (setting_names_contain(ways_text, names[i]))
			the_settings.ways |= 1u << i;
}

static void understand_all(struct reading *reading)
{
	for (enum setting_id id = 0; id < SETTING_COUNT; id++)
		understand(reading, id);
}

static void settle(struct reading *reading)
{
	understand_all(reading);

	const uint64_t *value = reading->value;
	the_settings.notify = (enum on_off)value[SETTING_NOTIFY];
	the_settings.linger = (enum linger_kind)value[SETTING_LINGER];
	the_settings.linger_idle_ms = value[SETTING_LINGER_IDLE];
	the_settings.linger_total_ms = value[SETTING_LINGER_TOTAL];
	the_settings.linger_sending_ms = value[SETTING_LINGER_SENDING];
	the_settings.linger_bytes = value[SETTING_LINGER_BYTES];
	the_settings.linger_sockets = value[SETTING_LINGER_SOCKETS];
	the_settings.at_exit_ms = value[SETTING_AT_EXIT];
	the_settings.quiet_shutdown = (enum quiet)value[SETTING_QUIET_SHUTDOWN];
	the_settings.ignore_unexpected_eof = (enum on_off)value[SETTING_IGNORE_UNEXPECTED_EOF];
	the_settings.log_level = (enum level)value[SETTING_LOG_LEVEL];
	the_settings.backtrace = (enum on_off)value[SETTING_BACKTRACE];
	the_settings.log_format = (enum log_format)value[SETTING_LOG_FORMAT];
	choose_log(reading);
	choose_ways();
	the_settings.mode = left_out(reading) ? MODE_OFF : (enum mode)value[SETTING_MODE];
	settled = true;
}

void settings_read(void)
{
	struct reading reading = {0};
	if (collect(&reading))
		settle(&reading);
}

const char *settings_search_path(void)
{
	static const char name[] = "PATH=";
	for (char **entry = environ; entry && *entry; entry++)
		if (strncmp(*entry, name, sizeof name - 1) == 0)
			return *entry + sizeof name - 1;
	return "/bin:/usr/bin"; /* _CS_PATH */
}

void settings_need(void)
{
	struct reading defaults = {0};
	if (!settled)
		settle(&defaults);
}
