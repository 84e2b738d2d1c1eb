/* SPDX-License-Identifier: MIT */
/*
 * A BIO of the program's own over a socket, which SSL_get_fd knows nothing of: haproxy, apache2, curl and PostgreSQL
 * have one. What is written waits in a small buffer until that is full, or is flushed.
 */
#ifndef TLSBYE_TESTS_OWN_BIO_H
#define TLSBYE_TESTS_OWN_BIO_H

#include "legacy.h"

/* `calls`: plain (read, write), vector (readv, writev), socket (recv, send), message (recvmsg, sendmsg), address
 * (recvfrom, sendto), fortified (__recv_chk, send; and __read_chk, __recvfrom_chk by turns). */
BIO *own_bio_new(const char *calls, int fd);

bool own_bio_flush(BIO *bio);

/* One handshake as server, over such a BIO. */
SSL *own_bio_handshake(SSL *ssl, const char *calls, int fd);

#endif
