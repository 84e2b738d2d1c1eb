/* SPDX-License-Identifier: MIT */
/*
 * Begins a hub, by `tlsbye run` before it becomes the program: name, token, sockets and the log file are made here, as
 * the user and from where the user is; then a clone goes on as the hub.
 *
 * No wait() of the program's must ever tell of the hub. So it is nobody's child here: a clone in between ends at once, and
 * the hub goes to the next process that adopts (a debugger that waits with __WALL would else wait for the hub, which waits
 * for it). Where that were this process itself, the first of a pid namespace or a subreaper, the hub stays its child, with
 * the exit signal 0: without __WCLONE wait() does not see it (clone(2)). It is not exec'd, which would change that signal.
 *
 * Rules: nothing is said, nothing is changed but the environment (HUB_VARIABLE). Without a hub the program runs all the
 * same: the object goes its next way. A hub that the environment names already is another tree's: it is replaced.
 */
#ifndef TLSBYE_HUB_START_H
#define TLSBYE_HUB_START_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * log_path: absolute, or NULL: none. control: gets the channel's end (control.h); NULL: nobody will ask.
 * The hub's pid, or -1: no hub; errno says why, and HUB_VARIABLE is unset.
 */
pid_t hub_start(const char *log_path, int *control);

#endif
