/* SPDX-License-Identifier: MIT */
/*
 * A line into a slot of a mailbox (message.h: struct mailbox), by a process of the tree or by a task of its.
 *
 * Rules: no lock, no system call, no thread-local storage. Any process that has inherited the memory may write there:
 * nothing that stands in it is believed.
 */
#ifndef TLSBYE_MAILBOX_SLOTS_H
#define TLSBYE_MAILBOX_SLOTS_H

#include "hub/message.h"

/* False: no slot is free, which is counted. */
bool mailbox_slots_put(struct mailbox *mailbox, const char *line, size_t length);

#endif
