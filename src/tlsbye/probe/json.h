/* SPDX-License-Identifier: MIT */
/* The findings for programs: one JSON object on one line; tlsbye-probe(1) tells its keys. Keys are only ever added. */
#ifndef TLSBYE_PROBE_JSON_H
#define TLSBYE_PROBE_JSON_H

#include "findings.h"

struct client {
	struct peer peer;
	struct trial trial;
	struct delivery delivery;
	bool faults[FAULTS];
};

/* status is the exit's. */
void json_of_server(const struct plan *plan, const struct trials *trials, const struct findings *findings,
		    int status);
void json_of_clients(const struct peer *listener, const struct client *clients, unsigned n,
		     const bool faults[FAULTS], const char *trouble, int status);

#endif
