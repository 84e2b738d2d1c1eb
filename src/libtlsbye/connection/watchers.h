/* SPDX-License-Identifier: MIT */
/*
 * Who looks at a descriptor where no hook does: the program's epoll sets, and a stream that was opened on the number. A socket that
 * lives on after the program's close must leave the sets, or the program goes on getting events for it (epoll(7), Q6).
 *
 * Of each number it is known which set it was put into; where it was more than one, or the set's own number is closed, each set that
 * the program has is asked.
 *
 * Rules: async-signal-safe: atomics only, no lock, no allocation. In doubt a number is watched: a set that it left, or a number
 * that was closed where no hook looked, counts as well.
 */
#ifndef TLSBYE_WATCHERS_H
#define TLSBYE_WATCHERS_H

#include <stdbool.h>

/* epoll_ctl() has put it into the set; a stream was opened on it. */
void watchers_note_set(int fd, int epfd);
void watchers_note_stream(int fd);

/* Since a connection last left the number. */
bool watchers_any(int fd);
void watchers_forget(int fd); /* it is being closed */

/* Can the socket leave all of the sets? Not where one has a number too high to be known. */
bool watchers_can_leave(int fd);

/* Out of all sets; false: it may be in one still. errno may change. */
bool watchers_leave(int fd);

#endif
