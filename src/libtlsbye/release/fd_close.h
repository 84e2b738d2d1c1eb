/* SPDX-License-Identifier: MIT */
/*
 * The ways to let go of a descriptor: close and its kin. The last one of a connection is the release of its socket: notify,
 * half-close, drain, in this order.
 *
 * Rules: all of these are async-signal-safe. OpenSSL is called only where no signal handler can be running.
 */
#ifndef TLSBYE_FD_CLOSE_H
#define TLSBYE_FD_CLOSE_H

#include "connection/connection.h"

/* close, dup2 over, ...: the descriptor goes now. False where another thread is closing it at this moment. */
bool fd_close_before(int fd, struct call call);

/* The same, and the real close(): a jump from the hook, which costs an untracked descriptor nothing. */
int fd_close(int fd, struct call call);

/* close_range, closefrom: all of them from `first` to `last`. */
void fd_close_before_range(unsigned first, unsigned last, struct call call);

/* dup2(from, to) where `to` is known: a close of it, if the call is going to succeed. */
void fd_close_before_dup_over(int from, int to, struct call call);

/* dup and its kin gave `to`, another descriptor of the same socket, or epoll set; or -1. Returns it. */
int fd_close_duplicated(int from, int to);

/* fcntl(fd, command, argument) gave `result`, which is returned. */
int fd_close_after_fcntl(int fd, int command, const void *argument, int result);

#endif
