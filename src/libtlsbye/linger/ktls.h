/* SPDX-License-Identifier: MIT */
/*
 * TLS in the kernel (Linux, Documentation/networking/tls.rst): where the record layer is the socket's, close_notify is
 * a message to the socket, and what is received comes decrypted, record type by record type.
 *
 * Rules: no OpenSSL in here. Everything is async-signal-safe, and goes through `kernel`.
 */
#ifndef TLSBYE_KTLS_H
#define TLSBYE_KTLS_H

#include "sys/kernel.h"

/* KTLS_NOT_NOW: the send queue is full, or each try was interrupted; nothing was taken. KTLS_REFUSED: the connection is broken or shut. */
enum ktls_sent { KTLS_SENT, KTLS_NOT_NOW, KTLS_REFUSED };

/* Sends the alert close_notify as a record of its own type. */
enum ktls_sent ktls_close_notify(int fd, const struct kernel *kernel);

/* Has the socket the kernel's record layer, for whichever direction? */
bool ktls_is_on(int fd, const struct kernel *kernel);

/*
 * Takes one record off the receive queue, of whatever type: a plain recv() answers EIO to those that are no application
 * data, and kernels up to 5.17 may then call the socket broken. The length as of recv(), or -errno; *notified where it
 * was close_notify. An empty record is 1, so that 0 is the end alone.
 */
long ktls_discard(int fd, const struct kernel *kernel, bool *notified);

/* Has the kernel's record layer failed, rather than TCP? Then nothing more can be read, and nobody has reset anything. */
bool ktls_cannot_read(int error);

#endif
