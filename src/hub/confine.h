/* SPDX-License-Identifier: MIT */
/*
 * What the hub gives up: it is a clone of `tlsbye run`, in the program's user, and is talked to by whatever the program
 * runs. So it leaves the session, keeps no descriptor but its own, no capability, no way to get one, no core, and in the
 * end no system call that it does not need (hub_filter.h).
 *
 * Rules: what cannot be given up on an old kernel is no reason to go without the rest; a descriptor that is not closed is:
 * it could be the last writer of somebody's pipe.
 */
#ifndef TLSBYE_CONFINE_H
#define TLSBYE_CONFINE_H

#include "hub/hub.h"

#include <stdbool.h>

/* At first: session, folder, signals, name, descriptors. */
bool confine_begin(const struct hub_begin *begin);

/* Once everything is open: capabilities, limits, the filter. */
bool confine_finish(void);

#endif
