/* SPDX-License-Identifier: MIT */
/*
 * tlsbye: one table of commands, for dispatch and for help. A command is a line here and a file beside this one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "cli.h"
#include "probe.h"
#include "report.h"
#include "run.h"

static const struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv); /* argv[0] is "tlsbye NAME" */
} commands[] = {
	{"run", "run a program with a proper TLS goodbye", run_command},
	{"report", "tell from a log which program is wrong, and where", report_command},
	{"probe", "how does that peer end its TLS connections?", probe_command},
	{"check", "can a program be reached? which TLS has it?", check_command},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

struct chosen {
	int argc;
	char **argv; /* the command and what follows it */
};

/* The list of commands, between the options and the closing line of --help. */
static char *fill_help(int key, const char *text, void *input)
{
	char *filled = NULL;
	size_t size;
	FILE *out;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	out = open_memstream(&filled, &size);
	if (!out)
		return (char *)text;
	fputs("Commands:\n", out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
	fprintf(out, "\n%s", text);
	fclose(out);
	return filled;
}

static error_t parse_main(int key, char *arg, struct argp_state *state)
{
	struct chosen *chosen = state->input;

	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = NULL;
		return 0;
	case ARGP_KEY_ARGS:
		chosen->argv = state->argv + state->next;
		chosen->argc = state->argc - state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		return cli_misuse("no COMMAND; to run a program: tlsbye run PROGRAM");
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const char help[] = "Give unmodified programs a proper TLS goodbye.\v"
			   "'tlsbye COMMAND --help' tells more; so does tlsbye(1).";

int main(int argc, char **argv)
{
	static const struct argp_child children[] = {{&cli_argp, 0, NULL, -1}, {0}};
	static const struct argp argp = {.parser = parse_main,
					 .args_doc = "COMMAND [ARGS...]",
					 .doc = help,
					 .children = children,
					 .help_filter = fill_help};
	char title[64];
	struct chosen chosen = {0};
	int status;

	argv[0] = "tlsbye";
	status = cli_parse(&argp, argc, argv, &chosen);
	if (status)
		return status;
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(chosen.argv[0], commands[i].name) != 0)
			continue;
		snprintf(title, sizeof(title), "tlsbye %s", commands[i].name);
		chosen.argv[0] = title;
		return commands[i].run(chosen.argc, chosen.argv);
	}
	cli_say("%s: no such command; to run a program: tlsbye run %s", chosen.argv[0], chosen.argv[0]);
	fputs("Try 'tlsbye --help'.\n", stderr);
	return EXIT_MISUSE;
}
