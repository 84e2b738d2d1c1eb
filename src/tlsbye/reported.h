/* SPDX-License-Identifier: MIT */
/*
 * `tlsbye run --report`: the program as a child, so that somebody is left to tell what happened.
 */
#ifndef TLSBYE_REPORTED_H
#define TLSBYE_REPORTED_H

/*
 * Runs the program (argv[0] first; looked up as execvp() does) with its events in a file, waits for it, and writes the
 * report to stderr. Returns the exit status of the program; where a signal ended it, that signal ends this process too.
 * Where it could not be executed: program_cannot_run()'s, which has said why.
 *
 * The environment is changed: TLSBYE_LOG, TLSBYE_LOG_FORMAT, TLSBYE_LOG_LEVEL.
 */
int reported_run(char **program);

#endif
