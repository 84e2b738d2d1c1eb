/* SPDX-License-Identifier: MIT */
/*
 * A script that hands over to another program: a wrapper (psql, many a /usr/bin) is another program than the interpreter whose
 * code it starts with.
 */
#ifndef TLSBYE_CHECK_SCRIPT_H
#define TLSBYE_CHECK_SCRIPT_H

/* The line on which the script executes another program in its place; 0: none is seen. The interpreter by its path. */
unsigned script_executes(const char *path, const char *interpreter);

#endif
