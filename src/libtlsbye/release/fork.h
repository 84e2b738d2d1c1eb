/* SPDX-License-Identifier: MIT */
/*
 * A fork: who owns what afterwards (connection/ownership.h), and no lock or socket of ours in the child.
 *
 * Rules: pthread_atfork, not a hook of fork: daemon() and forkpty() call fork inside libc.
 */
#ifndef TLSBYE_FORK_H
#define TLSBYE_FORK_H

/* Registers the handlers, once: in the constructor where the hub wants to know its tree, else at the first connection. */
void fork_watch(void);

#endif
