/* SPDX-License-Identifier: MIT */
/*
 * `tlsbye run`: options into the environment, the object into LD_PRELOAD, and exec. Nothing of this process remains:
 * exit status, signals, stdin and stdout are the program's own. (With --report it stays, as the program's parent.)
 *
 * The options are the settings' table, row by row; the few that are not settings are in the parser below. A bad value
 * ends here with status 2, before anything is run: whoever types an option can correct it. (A bad TLSBYE_* variable
 * is the object's business; it warns, and the program runs.)
 */
#include "run.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "hub/hub_start.h"
#include "object.h"
#include "program.h"
#include "reported.h"
#include "setting.h"

/* Option keys: a setting's is its place in the table, above every character. */
enum { KEY_SETTING = 0x100, KEY_OBSERVE = KEY_SETTING + SETTING_COUNT, KEY_REPORT };

/* The headings of --help; each stands before the setting it names. */
static const struct {
	enum setting_id before;
	const char *text;
} headings[] = {{SETTING_MODE, "What is done:"},
		{SETTING_LINGER_IDLE, "Limits:"},
		{SETTING_LOG, "Events:"},
		{SETTING_ONLY, "Where:"}};
#define HEADINGS (int)(sizeof(headings) / sizeof(headings[0]))

/* Three rows more: --observe, --report, and the empty one that ends the list. */
#define OPTIONS (SETTING_COUNT + HEADINGS + 3)

struct run {
	char **program; /* its arguments, argv[0] first */
	bool report;
};

static int events_group(void)
{
	for (int i = 0; i < HEADINGS; i++)
		if (headings[i].before == SETTING_LOG)
			return i + 1;
	return 1;
}

static char *option_name(const char *setting)
{
	char *name = strdup(setting);

	for (char *p = name; p && *p; p++)
		*p = *p == '_' ? '-' : (char)tolower((unsigned char)*p);
	return name;
}

static const char *value_name(enum setting_kind kind)
{
	static const char *const names[] = {
		[KIND_CHOICE] = "WORD", [KIND_DURATION] = "TIME", [KIND_SIZE] = "SIZE",
		[KIND_COUNT] = "N",     [KIND_PATH] = "WHERE",    [KIND_NAMES] = "NAMES"};
	return names[kind];
}

/* What is off unless it is asked for needs no word to be asked for by: --ignore-unexpected-eof is ...=on. */
static bool is_switch(const struct setting *setting)
{
	return strcmp(setting->allowed, "on|off") == 0 && strcmp(setting->fallback, "off") == 0;
}

static bool setting_option(const struct setting *setting, int key, int group, struct argp_option *option)
{
	char *doc = NULL;
	bool ranged = *setting->min != '\0';

	if (asprintf(&doc, "%s (%s%s%s%s%s; default: %s)", setting->meaning, setting->allowed,
		     ranged ? ", " : "", setting->min, ranged ? " to " : "", setting->max,
		     *setting->fallback ? setting->fallback : "empty") < 0)
		return false;
	*option = (struct argp_option){.name = option_name(setting->name),
				       .key = key,
				       .arg = value_name(setting->kind),
				       .flags = is_switch(setting) ? OPTION_ARG_OPTIONAL : 0,
				       .doc = doc,
				       .group = group};
	return option->name != NULL;
}

/* A heading and its options are one group; within it argp sorts by name. */
static bool list_options(struct argp_option options[OPTIONS])
{
	size_t n = 0;
	int group = 0;

	for (int i = 0; i < SETTING_COUNT; i++) {
		if (group < HEADINGS && headings[group].before == (enum setting_id)i) {
			options[n++] = (struct argp_option){.doc = headings[group].text, .group = group + 1};
			group++;
		}
		if (!setting_option(&setting_table[i], KEY_SETTING + i, group, &options[n++]))
			return false;
	}
	options[n++] = (struct argp_option){"observe", KEY_OBSERVE, NULL, 0, "same as --mode=observe", 1};
	options[n++] = (struct argp_option){
		"report",
		KEY_REPORT,
		NULL,
		0,
		"when PROGRAM has ended, tell on stderr what became of its connections, as 'tlsbye report' does",
		events_group()};
	options[n] = (struct argp_option){0};
	return true;
}

static error_t set(const struct setting *setting, const char *text)
{
	char variable[64];
	uint64_t value;
	const char *refusal = setting_refusal(setting, text, &value);

	if (refusal) {
		char *name = option_name(setting->name);
		error_t err = cli_misuse("--%s=%s: %s", name ? name : setting->name, text, refusal);

		free(name);
		return err;
	}
	snprintf(variable, sizeof(variable), SETTING_PREFIX "%s", setting->name);
	return setenv(variable, text, 1) ? errno : 0;
}

static error_t parse_run(int key, char *arg, struct argp_state *state)
{
	struct run *run = state->input;

	if (key >= KEY_SETTING && key < KEY_SETTING + SETTING_COUNT)
		return set(&setting_table[key - KEY_SETTING],
			   arg ? arg : "on"); /* only a switch may have none */

	switch (key) {
	case KEY_OBSERVE:
		return set(&setting_table[SETTING_MODE], "observe");
	case KEY_REPORT:
		run->report = true;
		return 0;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = NULL;
		return 0;
	case ARGP_KEY_ARGS: /* the first word that is no option, and all behind it: ls --color keeps its --color */
		run->program = state->argv + state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		return cli_misuse("no PROGRAM to run");
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const char help[] =
	"Run PROGRAM with a proper TLS goodbye: close_notify, half-close and drain behind every "
	"connection that it lets go. PROGRAM is not rebuilt, not configured, not patched.\v"
	"Each option sets the variable TLSBYE_<NAME>, which works as well; the option wins.\n\n"
	"Example: tlsbye run --linger-idle=2s ./legacy-server --port 8443\n\n"
	"The exit status is PROGRAM's; 2 for misuse, 125 when tlsbye itself fails, 126 when PROGRAM "
	"cannot be executed, 127 when it is not found. More: tlsbye(1), libtlsbye.so(8).";

static bool parse(int argc, char **argv, struct run *run, int *status)
{
	static struct argp_option options[OPTIONS];
	static const struct argp_child children[] = {{&cli_argp, 0, NULL, -1}, {0}};
	const struct argp argp = {.options = options,
				  .parser = parse_run,
				  .args_doc = "[--] PROGRAM [ARGS...]",
				  .doc = help,
				  .children = children};

	if (!list_options(options)) {
		cli_say("out of memory");
		*status = EXIT_OWN_FAILURE;
		return false;
	}
	*status = cli_parse(&argp, argc, argv, run);
	return *status == 0;
}

/* A program out of reach runs all the same, but never silently so (P12). Is the object to be preloaded? */
static bool judge(const char *path, const char *object)
{
	char code[PATH_MAX];
	enum obstacle obstacle = program_obstacle(path, object, code);

	if (obstacle == OBSTACLE_NONE && program_needs_asan(code))
		object_tell_asan();
	if (obstacle == OBSTACLE_NONE)
		return true;
	if (strcmp(path, code) == 0)
		cli_say("warning: libtlsbye.so cannot reach %s: it %s", path,
			program_obstacle_text(obstacle));
	else
		cli_say("warning: libtlsbye.so cannot reach %s: its interpreter %s %s", path, code,
			program_obstacle_text(obstacle));
	/*
	 * Elsewhere the variable does no harm, and children of the program may be within reach. Another libc's loader
	 * ends the program over symbols it cannot find.
	 */
	return obstacle != OBSTACLE_LOADER;
}

/* Its log may be wanted where nothing is drained by it; where nothing is done at all, nor is anything here. */
static void start_hub(void)
{
	const char *log = getenv(SETTING_PREFIX "LOG"), *mode = getenv(SETTING_PREFIX "MODE"),
		   *level = getenv(SETTING_PREFIX "LOG_LEVEL");

	if (mode && strcmp(mode, "off") == 0)
		return;
	if (hub_start(log && *log == '/' ? log : NULL, NULL) < 0 && level && strcmp(level, "debug") == 0)
		cli_say("no hub (%m): each process drains by itself");
}

int run_command(int argc, char **argv)
{
	char object[PATH_MAX], path[PATH_MAX];
	struct run run = {0};
	int status, err;

	if (!parse(argc, argv, &run, &status))
		return status;
	err = program_find(run.program[0], path);
	if (err)
		return program_cannot_run(run.program[0], err);
	if (!object_find(object))
		return EXIT_OWN_FAILURE;
	if (judge(path, object) && !object_preload(object))
		return EXIT_OWN_FAILURE;

	if (run.report)
		return reported_run(run.program);
	start_hub();
	execvp(run.program[0], run.program);
	return program_cannot_run(run.program[0], errno);
}
