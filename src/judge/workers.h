/* SPDX-License-Identifier: MIT */
/*
 * All connections of a run: so many threads as the script has parallel connections, each of which plays one
 * connection after the other.
 */
#ifndef TLSBYE_JUDGE_WORKERS_H
#define TLSBYE_JUDGE_WORKERS_H

#include <openssl/ssl.h>

#include "judge/script.h"
#include "judge/verdict.h"

/* False where not all connections came about; the reason has been told, and totals hold those that did. */
bool workers_run(const struct script *script, SSL_CTX *ctx, int listener, struct totals *totals);

#endif
