/* SPDX-License-Identifier: MIT */
/*
 * A fork: who owns what afterwards (connection/ownership.h), and no lock or socket of ours in the child.
 *
 * Rules: pthread_atfork, not a hook of fork: daemon() and forkpty() call fork inside libc. (The hook that there is tells no more
 * than that it has failed.)
 */
#ifndef TLSBYE_FORK_H
#define TLSBYE_FORK_H

#include <sys/types.h>

/* Registers the handlers, once: in the constructor where the hub wants to know its tree, else at the first connection. */
void fork_watch(void);

/* fork(): where it fails, there is no child that anything was shared with. Async-signal-safe. */
pid_t fork_try(pid_t (*fork_of_libc)(void));

#endif
