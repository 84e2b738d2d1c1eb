/* SPDX-License-Identifier: MIT */
/*
 * P4: an abort that was meant. SO_LINGER with a zero timeout asks the kernel for a reset instead of a release.
 *
 * It is asked for just before close_notify, and again just before the last close: the second time only where something may have
 * changed since, which is what the hook of setsockopt() is for.
 *
 * Rules: async-signal-safe.
 */
#ifndef TLSBYE_ABORT_H
#define TLSBYE_ABORT_H

#include "connection/connection.h"

/* Is it meant on this socket? */
bool abort_is_meant(struct connection *c, int fd);

/* setsockopt(SO_LINGER) has succeeded, on whichever descriptor. */
void abort_may_be_meant(void);

#endif
