/* SPDX-License-Identifier: MIT */
/*
 * The doors of the descriptor: each way in which a program lets go of the socket ends in one of these, and each puts the
 * three steps in order: notify, half-close, drain.
 *
 * Rules: all of these are async-signal-safe. They never call OpenSSL: the linger thread does.
 */
#ifndef TLSBYE_LETTING_GO_H
#define TLSBYE_LETTING_GO_H

#include "connection/connection.h"

/* close, dup2 over, ...: the descriptor goes now. False where another thread is closing it at this moment. */
bool fd_close_before(int fd, struct call call);

/* The same, and the real close(): a jump from the hook, which costs an untracked descriptor nothing. */
int fd_close(int fd, struct call call);

/* close_range, closefrom: all of them from `first` to `last`. */
void fd_close_before_range(unsigned first, unsigned last, struct call call);

/* dup2(from, to) where `to` is tracked: a close of it, if the call is going to succeed. */
void fd_close_before_dup_over(int from, int to, struct call call);

/* `to` is another descriptor of the same socket, or epoll set. */
void fd_close_after_dup(int from, int to);

/*
 * shutdown(SHUT_WR or SHUT_RDWR): close_notify must be on its way before the FIN. What is left to be done by the real
 * call: as it was asked for; SHUT_WR instead of SHUT_RDWR (read_side.h); or nothing, where the FIN will be sent later, by us.
 */
enum { NOTHING_LEFT = -1 };
int fd_shutdown_before(int fd, int how, struct call call);

/*
 * The process ends, or becomes another program (leaving.h), with this connection open: the whole goodbye, in the
 * background; silent in TLS where it `failed`. Async-signal-safe.
 */
void process_exit_release(struct connection *c, bool failed, struct call call);

/*
 * A BIO_s_connect that is freed calls shutdown(SHUT_RDWR), and close right behind it. The first would make whatever the peer
 * still sends a reset; what it is for, the second does. True: leave it out.
 */
bool fd_shutdown_closes_next(int fd, int how, void *caller);

#endif
