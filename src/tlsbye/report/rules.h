/* SPDX-License-Identifier: MIT */
/*
 * From a fault to the rule that it breaks and to the lines to write instead.
 */
#ifndef TLSBYE_REPORT_RULES_H
#define TLSBYE_REPORT_RULES_H

#include "model.h"
#include "source.h"

struct rule {
	const char
		*what; /* "the SSL is freed without SSL_shutdown()": behind a count, a part of a sentence */
	const char *effect; /* "the peer cannot tell the end of the data from a cut cable" */
	const char *broken; /* the rule in a sentence, with its places: "... (RFC 8446, 6.1; ...)" */
	const char *
		where; /* where line goes, or what to do where there is none: "before SSL_free() .."; NULL: nowhere */
	const char
		*elsewhere; /* what to do with the other side's program, or around this one; NULL: nothing */
	const char *line;   /* "tls_goodbye(ssl, fd);"; NULL: none */
	const char *
		lines; /* what line needs, lines ended by \n: functions, to be pasted further up; NULL: nothing.
			       Groups that need the same share the pointer: show it once. */
	const char *
		language; /* of line and lines: "C", "Python" and those of languages.c; NULL: there is no line */
	bool for_context; /* the line belongs to the making of the SSL_CTX, not to the call */
};

/* Never NULL; static. In the language of the program whose interpreter or module made the call. */
const struct rule *rules_for(const struct group *group);

/* The line for this one program. */
struct advice {
	const struct place *
		at; /* the line goes before this one, or takes its place (rules_replaces()); NULL: not known */
	char line[256];  /* with the names that stand there, as far as the source can be read; "": no line */
	char probe[128]; /* the command that asks the other side how it ends; "": it is not the one to ask */
};
void rules_advise(const struct group *group, struct source *source, struct advice *advice);

/* Does the line take the place of the call, not stand before it? */
bool rules_replaces(const struct rule *rule);

#endif
