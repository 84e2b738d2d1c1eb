/* SPDX-License-Identifier: MIT */
/*
 * The program's epoll sets: a socket that lives on after the program's close must leave them, or the program goes on
 * getting events for it (epoll(7), Q6).
 *
 * Rules: async-signal-safe: atomics only, no lock, no allocation.
 */
#ifndef TLSBYE_EPOLL_SETS_H
#define TLSBYE_EPOLL_SETS_H

#include <stdbool.h>

void epoll_sets_seen(int epfd);
bool epoll_sets_knows(int epfd);
bool epoll_sets_all_known(void);
void epoll_sets_forget_socket(int fd);

#endif
