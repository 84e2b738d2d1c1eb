/* SPDX-License-Identifier: MIT */
/*
 * From a fault to the rule that it breaks and to the lines to write instead.
 */
#ifndef TLSBYE_REPORT_RULES_H
#define TLSBYE_REPORT_RULES_H

#include "model.h"

struct rule {
	const char
		*what; /* "the SSL is freed without SSL_shutdown()": behind a count, a part of a sentence */
	const char *effect; /* "the peer cannot tell the end of the data from a cut cable" */
	const char
		*broken;   /* the rule in a sentence, with its places: "SSL_shutdown(3) ...; RFC 8446, 6.1" */
	const char *where; /* "instead of SSL_free()", "before close()"; NULL: nowhere in this program */
	const char
		*lines; /* C, lines ended by \n; NULL: there is nothing to write (the other side's fault) */
};

const struct rule *rules_for(const struct group *group); /* never NULL; static */

#endif
