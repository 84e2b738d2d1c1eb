/* SPDX-License-Identifier: MIT */
/*
 * The program's epoll sets, by their numbers, as long as these are open. Which of them looks at a socket: watchers.h.
 *
 * Rules: async-signal-safe: atomics only, no lock, no allocation.
 */
#ifndef TLSBYE_EPOLL_SETS_H
#define TLSBYE_EPOLL_SETS_H

#include <stdbool.h>

void epoll_sets_seen(int epfd);
bool epoll_sets_knows(int epfd);

#endif
