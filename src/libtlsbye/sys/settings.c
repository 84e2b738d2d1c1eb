/* SPDX-License-Identifier: MIT */
/*
 * The environment, read once (settings.h). In a setuid program (where the loader preloads only what an
 * administrator marked for it) nobody else's wishes count: the defaults hold.
 */
#include "sys/settings.h"

#include "events/events.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

static struct settings the_settings = {.mode = MODE_OFF};
const struct settings *settings = &the_settings;
static bool settled;

struct reading {
	uint64_t value[SETTING_COUNT];
	const char *text[SETTING_COUNT]; /* NULL: not set */
	bool misspelt;                   /* a name that is no setting's */
};

/* A misspelt name would be a wish that nobody hears: said once it is known in which format. */
static void complain_of_unknown(void)
{
	static const char prefix_text[] = SETTING_PREFIX;
	const size_t prefix = sizeof prefix_text - 1;
	for (char **entry = environ; entry && *entry; entry++) {
		const char *equals = strchr(*entry, '=');
		if (equals && strncmp(*entry, SETTING_PREFIX, prefix) == 0 &&
		    !setting_find(*entry + prefix, (size_t)(equals - *entry) - prefix))
			events_unknown_setting(*entry, (size_t)(equals - *entry));
	}
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
		const struct setting *setting = setting_find(name, (size_t)(equals - name));
		any = true;
		if (setting)
			reading->text[setting - setting_table] = equals + 1;
		else
			reading->misspelt = true;
	}
	return any;
}

static void understand(struct reading *reading, enum setting_id id)
{
	const struct setting *setting = &setting_table[id];
	const char *text = reading->text[id];
	const char *refusal = text ? setting_refusal(setting, text, &reading->value[id]) : NULL;
	if (refusal)
		events_bad_setting(setting->name, text, refusal, setting->fallback);
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
	const char *path = reading->text[SETTING_LOG];
	int trouble = events_try_log(path);
	if (trouble)
		events_bad_log(path, trouble);
	else
		strcpy(the_settings.log_file, path);
}

/* What a complaint is said in comes first; whether it is understood itself is said in the default. */
static void understand_all(struct reading *reading)
{
	the_settings.log_format = FORMAT_TEXT;
	understand(reading, SETTING_LOG_FORMAT);
	the_settings.log_format = (enum log_format)reading->value[SETTING_LOG_FORMAT];
	if (reading->misspelt)
		complain_of_unknown();
	for (enum setting_id id = 0; id < SETTING_COUNT; id++)
		if (id != SETTING_LOG_FORMAT)
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
	the_settings.linger_bytes = value[SETTING_LINGER_BYTES];
	the_settings.linger_sockets = value[SETTING_LINGER_SOCKETS];
	the_settings.at_exit_ms = value[SETTING_AT_EXIT];
	the_settings.quiet_shutdown = (enum quiet)value[SETTING_QUIET_SHUTDOWN];
	the_settings.ignore_unexpected_eof = (enum on_off)value[SETTING_IGNORE_UNEXPECTED_EOF];
	the_settings.log_level = (enum level)value[SETTING_LOG_LEVEL];
	the_settings.backtrace = (enum on_off)value[SETTING_BACKTRACE];
	choose_log(reading);
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
