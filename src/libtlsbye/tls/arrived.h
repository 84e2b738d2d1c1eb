/* SPDX-License-Identifier: MIT */
/*
 * Reads what has arrived on an SSL and is the program's no more, without waiting, whatever the program's BIO does: a
 * callback of ours, set on the BIO at the chain's end meanwhile, asks the socket before each read and each write, and answers
 * for it where it would block.
 *
 * Not by O_NONBLOCK, which other processes share; nor by a BIO of ours in the place of the program's, which may hold
 * bytes, or have given the record layer to the kernel.
 *
 * Rules: inside, ordinary code; a socket of the SSL's own, both ways.
 */
#ifndef TLSBYE_ARRIVED_H
#define TLSBYE_ARRIVED_H

#include "connection/connection.h"

/*
 * So many bytes at most, within a deadline, for a peer may send as fast as we read. How many were taken; more is there
 * where the last read gave some (*last: what SSL_read() returned). -1: it cannot be done here, and nothing was.
 */
int64_t arrived_read(struct connection *c, SSL *ssl, int fd, uint64_t most, int *last);

#endif
