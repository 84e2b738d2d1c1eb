/* SPDX-License-Identifier: MIT */
/* The judge's TLS context, and what a peer in the world asks for on top of it: trust, ALPN, a certificate of one's own. */
#ifndef TLSBYE_PROBE_CONTEXT_H
#define TLSBYE_PROBE_CONTEXT_H

#include <openssl/ssl.h>

#include "judge/script.h"
#include "plan.h"

/* NULL: the trouble tells why. */
SSL_CTX *context_new(const struct plan *plan, const struct script *script, struct trouble *trouble);

/* Is the host an address, not a name? Then it goes into no SNI, and is looked for among the certificate's addresses. */
bool context_is_address(const char *host);

#endif
