/* SPDX-License-Identifier: MIT */
/*
 * systemd's unit of a program, as far as it bears on the object: a filter of system calls, a tree of files of its own, a cut down
 * list of address families.
 */
#ifndef TLSBYE_CHECK_UNIT_H
#define TLSBYE_CHECK_UNIT_H

#include <stdbool.h>
#include <stddef.h>

struct unit_line {
	char *unit; /* nginx.service */
	char *text; /* SystemCallFilter=@system-service */
};

/* The lines of all services that start this program. Returns how many; *lines is the caller's. */
size_t unit_lines(const char *program, struct unit_line **lines);

/* Of a line that is a list of what is allowed, or, after ~, of what is not; an empty one allows all. */
bool unit_allows(const char *text, const char *word);

#endif
