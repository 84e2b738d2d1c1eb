/* SPDX-License-Identifier: MIT */
/*
 * The process ends: exit, the return from main, _exit, _Exit, quick_exit. What is open then is released as by a close.
 * Nobody is waited for: whoever holds the sockets outlives the process; but the first process of a pid namespace, with
 * which the kernel ends all others, waits for AT_EXIT at the most.
 *
 * Rules: process_exit_at_once is async-signal-safe, as _exit is. A vfork child, and whoever does not own a connection since
 * a fork, leaves without a word.
 */
#ifndef TLSBYE_PROCESS_EXIT_H
#define TLSBYE_PROCESS_EXIT_H

#include "connection/connection.h"

/*
 * The program's exit handlers may still talk on a connection, so the release comes after all of them; and before OpenSSL's own
 * clean-up, after which nothing can be said, and the destructors of the libraries. Hence our handler is registered when
 * the program registers its first one, or when there is a first connection, whichever is earlier; and OpenSSL's is caught
 * on its way to the list and called after ours.
 */
void process_exit_watch(void);

/* True: the function is called at exit, after our release. */
bool process_exit_cleans_up_later(void (*cleanup)(void *));

/* The hook of exit: only remembers who called it. */
void process_exit_is_called(struct call call);

/* _exit, _Exit. What stands in the program's streams is lost, as it is bare. */
void process_exit_at_once(int status, struct call call);

/*
 * quick_exit: after the program's own at_quick_exit handlers. So ours is registered when the program registers its first
 * one, or when there is a first connection, whichever is earlier.
 */
void process_exit_quickly(int status, struct call call); /* the hook: remembers the status */
void process_exit_watch_quick(void);

/* One connection of a process that ends, or becomes another program: silent in TLS where it `failed`. */
void process_exit_release(struct connection *c, bool failed, struct call call, uint64_t until_us);

#endif
