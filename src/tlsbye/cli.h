/* SPDX-License-Identifier: MIT */
/*
 * What every command of tlsbye has in common: its exit statuses, how misuse is told, and --help and --version.
 *
 * argp parses; it says neither "Try ..." nor exits by itself here, because its own wording and status (64) differ
 * from what tlsbye(1) promises.
 */
#ifndef TLSBYE_CLI_H
#define TLSBYE_CLI_H

#include <argp.h>

/* As env(1), nohup(1) and timeout(1) have them; 2 is ours, for misuse that is noticed before anything is run. */
enum { EXIT_MISUSE = 2, EXIT_OWN_FAILURE = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

/* Make this a child of every command's argp: it adds --help and --version. */
extern const struct argp cli_argp;

/*
 * Parse up to the first word that is no option: what follows belongs to someone else. argv[0] names the command
 * ("tlsbye run"). Returns 0; otherwise everything is said on stderr, and the command ends with EXIT_MISUSE.
 */
int cli_parse(const struct argp *argp, int argc, char **argv, void *input);

/* For argp parsers: says "tlsbye: ..." on stderr and returns the error that stops the parsing. */
error_t cli_misuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "tlsbye: ..." on stderr, and a newline. */
void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The file that this command is, also where there is no /proc. */
const char *cli_own_path(void);

#endif
