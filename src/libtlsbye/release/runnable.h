/* SPDX-License-Identifier: MIT */
/*
 * Is an exec going to succeed? After our release a failed one would leave the program with a connection that is over: so
 * the kernel's own look at the program and its arguments is taken before, as far as that goes.
 *
 * Rules: async-signal-safe, as execve is, and without memory of its own. In doubt no: the exec passes through, as bare.
 * What it calls may be cancellation points, which exec is none of: the caller sees to that.
 */
#ifndef TLSBYE_RUNNABLE_H
#define TLSBYE_RUNNABLE_H

#include "sys/export.h"

#include <stdbool.h>

/* What an exec is given to find its program by. */
enum exec_by { EXEC_PATH, EXEC_SEARCH, EXEC_DESCRIPTOR };

/* `file` for the first two, `fd` for the last. */
bool runnable_finds_program(enum exec_by by, const char *file, int fd);

/* Is there room for them in the new program? Both may be NULL. */
bool runnable_arguments_fit(char *const argv[], char *const environment[]);

#endif
