/* SPDX-License-Identifier: MIT */
/*
 * Which process is this, and does it own the connection?
 *
 * After a fork two processes hold the same keys and the same sequence number (P7). The first of them that makes an
 * SSL_* call owns the connection. One that made none stays silent, unless every other holder has let go; a word in
 * shared memory, mapped before the fork, tells.
 *
 * Rules: a vfork child lives in its parent's memory: whoever is about to write there at a close asks
 * process_is_original() first. All of these are async-signal-safe, except process_init.
 */
#ifndef TLSBYE_PROCESS_H
#define TLSBYE_PROCESS_H

#include "connection/connection.h"

#include <sys/types.h>

/* At the first connection of the process, and cheap afterwards: a process without TLS needs none of this. */
void process_init(void);

/* Is this the process that our memory belongs to: no vfork child, no raw clone that no fork handler saw? */
bool process_is_original(void);

pid_t process_id(void);

/* Has the program one thread only, beside ours? Where it cannot be known, no. Async-signal-safe. */
bool process_has_one_thread(void);

/*
 * A thread that can end the process with its own end (glibc calls exit() in the last one) must not leave ours behind. Known
 * of every thread that ever used an SSL here, by a destructor of its own, and of those that call pthread_exit().
 */
void process_thread_exits(void);

/* The main thread has left by pthread_exit(), or was cancelled: only then can ours be the last. */
bool process_main_has_left(void);

/* Called by our thread: is it alone? */
bool process_is_deserted(void);

/* May this process speak on the connection? */
bool ownership_owns(const struct connection *c);

/* Has another process the connection, too, by a fork? Async-signal-safe. */
bool ownership_shares(const struct connection *c);

/* The first SSL_* call since the fork. */
void ownership_speaks(struct connection *c);

/* This process is done with the connection, for good. `said`: it said goodbye, so nobody may any more. */
void ownership_lets_go(struct connection *c, bool said);

/*
 * exec: this process is done with the connections on which it has not spoken since a fork, and for good: should the exec
 * fail, it stays silent. Async-signal-safe.
 */
void process_executes(void);

/* _exit: it is done with all of them. Async-signal-safe. */
void process_ends(void);

/*
 * A descriptor of ours that is in the program's table for the length of one call: a fork child that is born meanwhile
 * closes its copy. Taking it back closes it.
 */
void process_lends(int fd);
void process_takes_back(int fd);

/*
 * The same for a copy of fd; -1 where no number is free. The copy is out of the way: another thread of the program's
 * that has just closed a number finds it closed, and one that counts on the lowest free number gets it (P9).
 */
int process_lends_copy(int fd);

/*
 * The exit door. The program's exit handlers may still talk on a connection, so the goodbye comes behind all of them; and
 * before OpenSSL's own clean-up, after which nothing can be said, and the destructors of the libraries. Hence our handler
 * is registered when the program registers its first one, or when there is a first connection, whichever is earlier;
 * and OpenSSL's is caught on its way to the list and called behind ours.
 */
void process_watch_exit(void);

/* True: the function is called at exit, behind our goodbye. */
bool process_cleans_up_later(void (*cleanup)(void *));

/* Before a wait at exit: what stands in the program's streams, lest a signal during the wait lose it. */
void process_save_output(void);

#endif
