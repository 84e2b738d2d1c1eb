/* SPDX-License-Identifier: MIT */
/*
 * THE type of `tlsbye check`: the question, what was found, the verdict, and its reasons. Filled by findings.c and
 * verdict.c, told by answer_text.c and answer_json.c.
 */
#ifndef TLSBYE_CHECK_ANSWER_H
#define TLSBYE_CHECK_ANSWER_H

#include <limits.h>
#include <stdio.h>

#include "../program.h"
#include "known.h"
#include "libraries.h"
#include "objects.h"
#include "process.h"

enum verdict { REACHABLE, IN_PART, OUT_OF_REACH, NO_TLS, CANNOT_TELL };

/* How far the object comes with one user of TLS in the program. */
enum reach { REACH_WHOLE, REACH_PART, REACH_NONE };

/* A TLS library that is in the program, however it came there. */
struct tls {
	enum tls_kind kind;
	char version[32]; /* "" where it is not known */
	const char *path; /* the file that has it */
	bool inside;      /* linked into a file that is no TLS library */
	bool symbolic;    /* its calls to itself pass by the object */
};

/* A file of the program's that talks TLS. */
struct caller {
	const char *path;
	unsigned functions; /* that it imports, SSL_*; 0: looked up by dlsym, or its own */
	const char *
		socket; /* how the connection gets its socket: "socket", "own-bio", "memory-bio", "either", "unknown" */
	enum reach reach;
	bool module;
};

struct reason {
	const char *code; /* for programs: does not change with the wording */
	char *text;
};

struct answer {
	/* the question */
	const char *asked;   /* as it was typed */
	char path[PATH_MAX]; /* the file */
	char code[PATH_MAX]; /* whose code that is: the file, or a script's interpreter */
	enum obstacle obstacle;
	struct process *process; /* with --pid; else NULL */
	/* what was found */
	struct objects objects;
	const struct known *known;  /* the program, or a script's interpreter */
	const struct known *script; /* the script; NULL without */
	struct tls *tls;
	size_t tls_count;
	struct caller *callers;
	size_t caller_count;
	bool may_load_more;
	const char *loader;    /* the library by which; NULL: the program itself */
	bool executes;         /* a script that hands over to another program */
	bool own_filter;       /* it can put a seccomp filter on itself */
	bool unresolved;       /* it calls OpenSSL, and none was found */
	/* the answer */
	enum verdict verdict;
	struct reason *reasons;
	size_t reason_count;
	char **next;
	size_t next_count;
};

void answer_reason(struct answer *answer, const char *code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What to do; the same line is not said twice. */
void answer_next(struct answer *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* How the file is built, then which TLS is in it and who calls it: fills tls, callers and reasons. */
void findings_collect(struct answer *answer);

/* The verdict, with the reasons and the advice that go with it. */
void verdict_judge(struct answer *answer);

const char *answer_verdict_name(enum verdict verdict);

void answer_print(const struct answer *answer, FILE *out);
/* False when it could not be written. */
bool answer_json_print(const struct answer *answer, FILE *out);

#endif
