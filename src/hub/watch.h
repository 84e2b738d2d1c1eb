/* SPDX-License-Identifier: MIT */
/*
 * What the hub waits for: descriptors, each with the thing that it belongs to and the function to call for it, and one
 * round of waiting. (sources: a listener, a connection, a held socket, a process, the control channel, SIGTERM.)
 *
 * Rules: whoever ends a thing in a round gives its memory to watch_retire: a later event of the same round may still
 * name it. A thing that was removed is called no more, even within the round.
 */
#ifndef TLSBYE_WATCH_H
#define TLSBYE_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct source {
	void (*ready)(struct source *source, uint32_t events); /* NULL: removed */
};

bool watch_begin(void);

/* events: as epoll_ctl(2) has them. */
bool watch_add(int fd, uint32_t events, struct source *source);
bool watch_change(int fd, uint32_t events, struct source *source);

/* Before the descriptor is closed: it may be open in another process, and would go on telling of itself. */
void watch_remove(int fd, struct source *source);

/* Freed after the round. */
void watch_retire(void *memory);

/* One round: waits at most so long (-1: without end), and calls. */
void watch_round(int milliseconds);

#endif
