/* SPDX-License-Identifier: MIT */
/*
 * The part of the command line that all commands share. --help and --version go to stdout, everything else to stderr.
 */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "config.h"

/* Not one of argp's own errors: the reason has been told already. */
#define TOLD ECANCELED

static const struct argp_option common_options[] = {
	{.doc = "Help:", .group = -1},
	{"help", 'h', NULL, 0, "show this and exit", -1},
	{"version", 'V', NULL, 0, "show the version and exit", -1},
	{0}};

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	switch (key) {
	case ARGP_KEY_INIT:
		state->err_stream = NULL; /* no "Try ..." of argp's; getopt still names the bad option */
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		exit(fflush(stdout) ? EXIT_OWN_FAILURE : 0);
	case 'V':
		puts(PACKAGE_STRING);
		exit(fflush(stdout) ? EXIT_OWN_FAILURE : 0);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp cli_argp = {.options = common_options, .parser = parse_common};

int cli_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	error_t err = argp_parse(argp, argc, argv, ARGP_IN_ORDER | ARGP_NO_EXIT | ARGP_NO_HELP, NULL, input);

	if (!err)
		return 0;
	if (err != TOLD)
		argp_help(argp, stderr, ARGP_HELP_SHORT_USAGE, argv[0]);
	fprintf(stderr, "Try '%s --help'.\n", argv[0]);
	return EXIT_MISUSE;
}

static void say(const char *format, va_list args)
{
	fputs("tlsbye: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

error_t cli_misuse(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	return TOLD;
}

void cli_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
}

const char *cli_own_path(void)
{
	const char *executed = (const char *)getauxval(AT_EXECFN);

	return executed && access("/proc/self/exe", F_OK) ? executed : "/proc/self/exe";
}
