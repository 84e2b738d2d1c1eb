/* SPDX-License-Identifier: MIT */
/*
 * Which socket does an SSL speak over? Its BIO tells, or its I/O shows (observe/learn_socket.h).
 *
 * Rules: inside. which_socket_learnt is async-signal-safe.
 */
#ifndef TLSBYE_WHICH_SOCKET_H
#define TLSBYE_WHICH_SOCKET_H

#include "connection/connection.h"

enum { LEARN_PATIENCE = 1024 }; /* SSL_* calls; learn_socket.c */

/*
 * SSL_get_rfd and SSL_get_wfd; -1 where the SSL has no BIO, too: there OpenSSL 3 queues an error, which SSL_get_error would
 * find after a later call on another SSL (P5).
 */
int which_socket_read_fd(const struct connection *c, const SSL *ssl);
int which_socket_write_fd(const struct connection *c, const SSL *ssl);

/*
 * After the program gave the SSL a descriptor or a BIO: which socket is it? `write_fd`: which_socket_write_fd. Where the BIO does not tell, learning begins,
 * anew if need be.
 */
void which_socket_learn(struct connection *c, SSL *ssl, int write_fd);

/* Learning ends: it is this one. Only the first to say so is believed. */
void which_socket_learnt(struct connection *c, int fd);

/* Was any socket known in this process? */
bool which_socket_any(void);
void which_socket_child_after_fork(void);

/* The two addresses, where they are not known yet and the descriptor is open. Async-signal-safe. */
void which_socket_addresses(struct connection *c, int fd);

#endif
