/* SPDX-License-Identifier: MIT */
/*
 * Memory shared with the hub, into which a process writes lines when it cannot reach the hub any more: a mapping outlives
 * chroot, name spaces, a change of user, rlimits and forks, and stands in no descriptor table (P9, P11). Its memfd is
 * given to the hub (message.h: MAILBOX), which comes to look, and finds out that nobody has it mapped any more.
 *
 * A child of a fork goes on with its parent's. An exec ends it.
 *
 * Rules: errno is kept. Where the kernel, a filter or a limit of the host's refuses something, there is none, and nothing
 * is told. The seals keep whoever else has the memfd from shrinking it: a write here would be SIGBUS.
 */
#ifndef TLSBYE_MAILBOX_H
#define TLSBYE_MAILBOX_H

#include "hub/message.h"

/* Before the process cuts itself off: once, where there is a hub that has the log. */
void mailbox_prepare(void);

/* For a task of ours, which shares it. NULL: there is none, or no hub any more, as far as is known. */
struct mailbox *mailbox_read_by_hub(void);

/* Async-signal-safe, without a lock. False: there is no mailbox, or no room in it, which is counted. */
bool mailbox_put(const char *line, size_t length);

#endif
