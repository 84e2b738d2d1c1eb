/* SPDX-License-Identifier: MIT */
/*
 * What this process says to the hub (src/hub/message.h tells what that is): one short connection for each message, so that
 * nothing of it stays in the program's descriptor table between two calls.
 *
 * While it stands there, a fork in another thread waits, and so does a dup2 onto its number or a close of it (lent.h).
 *
 * Rules: hub_say is async-signal-safe, never blocks, keeps errno; the calling thread has its signals blocked
 * (blocked_signals.h). Nothing is given to who is not the process and the user that `tlsbye run` has named.
 */
#ifndef TLSBYE_HUB_H
#define TLSBYE_HUB_H

#include "hub/message.h"

#include <sys/uio.h>

/* Constructor only: reads the variable. */
void hub_begin(void);

/* Is there one, as far as is known? */
bool hub_is_there(void);

/* Known only where it was seen in our pid namespace, and we are in that still. */
bool hub_has_ended(void);

/* Has it opened the log file that the settings name? */
bool hub_has_log(void);

enum { HUB_PARTS_MAX = 4, HUB_DESCRIPTORS_MAX = 2 };

/* The head is added here. 0; else the errno: it was not taken, and nothing was given away. */
int hub_say(enum message_kind kind, const struct iovec *parts, unsigned count, const int *descriptors,
	    unsigned descriptor_count);

/* The same for one who has something lent already (lent_begin): it is not begun twice. */
int hub_say_lent(enum message_kind kind, const struct iovec *parts, unsigned count, const int *descriptors,
		 unsigned descriptor_count);

/* As hub_say of a message without a body; returns when the hub holds nothing of this process any more, or after so long. */
bool hub_await_drains(unsigned milliseconds);

#endif
