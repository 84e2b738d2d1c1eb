/* SPDX-License-Identifier: MIT */
/*
 * Begins a hub, by `tlsbye run` before it becomes the program: name, token, sockets and the log file are made here, as
 * the user and from where the user is; then a clone goes on as the hub.
 *
 * It is cloned with the exit signal 0, and is not exec'd: so no wait() of the program's ever tells of it (clone(2):
 * __WCLONE), even where the program is the first process of its namespace. (SIGCHLD comes once all the same where the hub
 * is killed before the program ends: the kernel sends that to whoever has exec'd since. A handler's wait() finds none.)
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
