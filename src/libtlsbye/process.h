/* SPDX-License-Identifier: MIT */
/*
 * Which process is this, and does it own the connection?
 *
 * After a fork two processes hold the same keys and the same sequence number (P7). The first of them that makes an
 * SSL_* call owns the connection. One that made none stays silent, unless every other holder has let go; a word in
 * shared memory, mapped before the fork, tells.
 *
 * Rules: a vfork child lives in its parent's memory: whoever is about to write there at a close asks
 * process_is_home() first. All of these are async-signal-safe, except process_init and
 * process_watch_exit.
 */
#ifndef TLSBYE_PROCESS_H
#define TLSBYE_PROCESS_H

#include "connection.h"

#include <sys/types.h>

/* At the first connection of the process, and cheap afterwards: a process without TLS needs none of this. */
void process_init(void);

/* Is this the process that our memory belongs to: no vfork child, no raw clone that no fork handler saw? */
bool process_is_home(void);

pid_t process_id(void);

/* May this process speak on the connection? */
bool process_owns(const struct connection *c);

/* The first SSL_* call since the fork. */
void process_speaks(struct connection *c);

/* This process is done with the connection. `said`: it said goodbye, so nobody may any more. */
void process_lets_go(struct connection *c, bool said);

/* Registers the exit door; called when a hooked initialisation of libssl returns, that is, behind OpenSSL's own
 * atexit handler, so that ours runs first, and before those that the program registers later. */
void process_watch_exit(void);

/* Before a wait at exit: what stands in the program's streams, lest a signal during the wait lose it. */
void process_save_output(void);

#endif
