/* SPDX-License-Identifier: MIT */
/*
 * The doors: every way in which a program lets go of a connection ends in one of these, and each puts the three steps
 * in order: notify, half-close, drain.
 *
 * Rules: goodbye_before_close and goodbye_before_shutdown are async-signal-safe; they never call OpenSSL, the linger
 * thread does. The others are called where SSL_* may be called.
 */
#ifndef TLSBYE_GOODBYE_H
#define TLSBYE_GOODBYE_H

#include "connection.h"

/*
 * SSL_free: close_notify and no more, the program may go on in plaintext (FTPS CCC). Nothing where it was not the last
 * reference. The SSL is not known any more afterwards. Returns its library; NULL where it was not tracked.
 */
struct libssl *goodbye_before_free(SSL *ssl);

/*
 * The SSL goes, by this door (DOOR_FREE and the like): says what is to be said, and forgets it. Where it was the last
 * reference, before the SSL is touched.
 */
void goodbye_part(struct connection *c, uint32_t door);

/*
 * SSL_clear between two connections: the same for the one that ends. True where the SSL would keep its session only
 * because of our close_notify. Bare it has none afterwards, and must not: OpenSSL 1.1.1 cannot accept TLS 1.3 with an
 * old one, and a client would offer it to the next server.
 */
bool goodbye_before_clear(SSL *ssl);

/* close, dup2 over, ...: the descriptor goes now. False where another thread is closing it at this moment. */
bool goodbye_before_close(int fd, void *caller);

/* The same, and the real close(): a jump from the hook, which costs an untracked descriptor nothing. */
int goodbye_close(int fd, void *caller);

/* close_range, closefrom: all of them from `first` to `last`. */
void goodbye_before_close_range(unsigned first, unsigned last, void *caller);

/* dup2(from, to) where `to` is tracked: a close of it, if the call is going to succeed. */
void goodbye_before_dup_over(int from, int to, void *caller);

/* `to` is another descriptor of the same socket, or epoll set. */
void goodbye_after_dup(int from, int to);

/*
 * shutdown(SHUT_WR or SHUT_RDWR): close_notify must be on its way before the FIN. What is left to be done by the real
 * call: as it was asked for; SHUT_WR instead of SHUT_RDWR (read_side.h); or nothing, where the FIN will be sent later, by us.
 */
enum { NOTHING_LEFT = -1 };
int goodbye_before_shutdown(int fd, int how);

/*
 * The process ends, or becomes another program (leaving.h), with this connection open: the whole goodbye, in the
 * background; silent in TLS where it `failed`. Async-signal-safe.
 */
void goodbye_leave(struct connection *c, bool failed);

/*
 * A BIO_s_connect that is freed calls shutdown(SHUT_RDWR), and close right behind it. The first would make whatever the peer
 * still sends a reset; what it is for, the second does. True: leave it out.
 */
bool goodbye_closes_next(int fd, int how, void *caller);

/* The first SSL_* call of this process on the connection that does I/O: learns the socket, starts the thread. Inside. */
void goodbye_introduce(struct connection *c, SSL *ssl);

/*
 * Where no hooked SSL_* call did I/O (a BIO_f_ssl with a libssl that is linked -Bsymbolic): what the first one would have
 * learnt, learnt at the door. Nothing where there is nothing to learn.
 */
void goodbye_learn_late(struct connection *c);

/*
 * SSL_shutdown for the second time waits for the peer's close_notify, and fails for good when it meets application
 * data that the program never read. Reads that data first. 1: now the real call can succeed, or there is nothing to
 * do here; else its result: 0 where close_notify is out by us, -1 where the call would fail as this one did (nothing
 * there yet, the peer is gone), with the same SSL_get_error. Inside.
 */
int goodbye_read_the_rest(struct connection *c, SSL *ssl);

#endif
