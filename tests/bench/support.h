/* SPDX-License-Identifier: MIT */
/*
 * What the TLS programs of the bench share: contexts, loopback sockets, and random numbers that are the same for
 * every connection.
 *
 * Why the same: the length of a signature or of a modular inverse depends on the numbers drawn, by some tens of
 * thousands of instructions a handshake; the differences looked for are smaller. Bare and hooked draw the same.
 *
 * Rules: whatever fails ends the program with a line, and five minutes end it in any case: a number from half a
 * run is no number.
 */
#ifndef BENCH_SUPPORT_H
#define BENCH_SUPPORT_H

#include <openssl/ssl.h>

/* Once, at the start. */
void bench_start(void);
/* Before each handshake, on each side: the next connection draws the numbers that the last one drew. */
void bench_same_random_numbers(void);

/* TLS 1.3 only. The server's key and certificate are made on the spot; the client checks neither. */
SSL_CTX *bench_server_context(void);
SSL_CTX *bench_client_context(void);

/* So many descriptors more may be open, whatever the soft limit was; as root, whatever the hard one was. */
void bench_room_for(long descriptors);

/* 127.0.0.1, any free port. */
int bench_listen(int *port);
int bench_accept(int listener);
int bench_connect(int port);

void bench_write(SSL *ssl, const void *data, int length);
void bench_read(SSL *ssl, void *data, int length);

long bench_number(const char *text);
void bench_fail(const char *what) __attribute__((noreturn));

#endif
