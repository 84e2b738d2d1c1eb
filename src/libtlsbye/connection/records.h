/* SPDX-License-Identifier: MIT */
/*
 * The memory of connections. A record is kept while somebody has a reference: its SSL, each descriptor that the program has
 * of the socket, whoever is working on it. The last one to go recycles it.
 *
 * Rules: async-signal-safe but for records_new: atomics only, no lock, no allocation.
 */
#ifndef TLSBYE_RECORDS_H
#define TLSBYE_RECORDS_H

#include "connection/connection.h"

/* With one reference, the SSL's; NULL where there is no memory. Ordinary code only. */
struct connection *records_new(struct libssl *lib);

void records_ref(struct connection *c);

/* The same for a record that may be on its way back to the list. False where it is. */
bool records_ref_if_used(struct connection *c);
void records_unref(struct connection *c);

struct connection *records_at(uint32_t index);

/* Was there a connection in this process, ever? */
bool records_any(void);

/* Calls visit for every record in use. No lock: for fork and exit. */
void records_each(void (*visit)(struct connection *c, void *arg), void *arg);

/* In the child of a fork: nobody is inside of anything, and nobody holds a reference but SSLs and descriptors. */
void records_child_after_fork(void);

#endif
