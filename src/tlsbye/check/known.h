/* SPDX-License-Identifier: MIT */
/*
 * What a look at the file cannot tell of programs that many people run: which module brings TLS to an interpreter or a
 * server, and which other program a launcher starts.
 */
#ifndef TLSBYE_CHECK_KNOWN_H
#define TLSBYE_CHECK_KNOWN_H

#include <stdbool.h>

#include "objects.h"

struct known {
	const char *names; /* patterns of the program's file name, separated by blanks */
	const char *
		modules; /* patterns of files that it loads for TLS, separated by blanks; %s: its own prefix (/usr) */
	const char *code; /* for JSON */
	const char *note; /* a reason, as a sentence about "it" */
	const char *next; /* what to do; NULL: nothing more */
	bool launcher;    /* what matters is what it starts: that it may load modules says nothing */
	bool sockets;     /* its connections go over sockets, although it could do otherwise */
	bool memory;      /* they go through memory BIOs, whatever else it imports */
	bool deepbind;    /* it loads its modules by RTLD_DEEPBIND */
};

/* By the name of the program's file; NULL when it is not known. */
const struct known *known_program(const char *path);

/* Adds the modules that are installed, and what they need. Returns how many there are. */
int known_add_modules(const struct known *known, struct objects *objects);

#endif
