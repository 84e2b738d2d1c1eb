/* SPDX-License-Identifier: MIT */
/*
 * From plaintext to TLS: smtp (RFC 3207), imap (RFC 9051, 6.2.1), ftp (RFC 4217), postgres (SSLRequest).
 */
#ifndef TLSBYE_PROBE_STARTTLS_H
#define TLSBYE_PROBE_STARTTLS_H

#include "plan.h"

/* The word of --starttls; false: there is no such protocol. */
bool starttls_named(const char *word, enum starttls *starttls);

/*
 * Asks for TLS on a connected, non-blocking socket, and leaves it where the first byte of TLS comes next. False: the
 * trouble tells why.
 */
bool starttls_ask(const struct plan *plan, int fd, struct trouble *trouble);

#endif
