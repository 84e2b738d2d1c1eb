/* SPDX-License-Identifier: MIT */
/*
 * The doors of the process itself: it ends (exit, the return from main, _exit, _Exit, quick_exit), or becomes another
 * program (exec). What is open then gets the goodbye of a close, and what drains is waited for, both bounded by AT_EXIT:
 * with the process its linger thread ends.
 *
 * Rules: process_exit_at_once and exec_release are async-signal-safe, as _exit and execve are. A vfork child, and whoever
 * does not own a connection since a fork, leaves without a word. A failed exec is an ordinary thing (a shell that
 * looks along PATH): there the goodbye is said only where the exec is going to succeed as far as that can be seen.
 */
#ifndef TLSBYE_LEAVING_H
#define TLSBYE_LEAVING_H

#include "release/runnable.h"
#include "sys/call_sites.h"

/* exit and the return from main, behind the program's own handlers: its streams are written out before the wait. */
void process_exit_normally(int status);

/* The hook of exit: only remembers who called it. */
void process_exit_is_called(struct call call);

/* _exit, _Exit. What stands in the program's streams is lost, as it is bare. */
void process_exit_at_once(int status, struct call call);

/*
 * quick_exit: behind the program's own at_quick_exit handlers. So ours is registered when the program registers its first
 * one, or when there is a first connection, whichever is earlier.
 */
void process_exit_quickly(int status, struct call call); /* the hook: remembers the status */
void process_exit_watch_quick(void);

/* Before the exec: see runnable.h. */
void exec_release(enum exec_by by, const char *file, int fd, char *const argv[], char *const environment[],
		  struct call call);

#endif
