/* SPDX-License-Identifier: MIT */
/*
 * Programs whose C is an interpreter's: a line of C would be of no use there, and the author of the call is not the guilty one.
 */
#ifndef TLSBYE_REPORT_LANGUAGES_H
#define TLSBYE_REPORT_LANGUAGES_H

struct language {
	const char *name;
	const char *parts[6]; /* of the path of the object that made the call; the last is NULL */
	const char *where;    /* the release: a line, and the functions that it needs */
	const char *line;
	const char *lines;
	const char *
		where_writing; /* a write that was not repeated; its line needs no function of ours. NULL: it repeats by itself */
	const char *line_writing;
	const char *
		where_suffering; /* lets the peer's end without close_notify count as an end; NULL: it has no way */
	const char *line_suffering;
};

enum { LANGUAGES = 7 };

extern const struct language languages[LANGUAGES];

/* By an object's path; -1: none of them. */
int languages_of(const char *path);

#endif
