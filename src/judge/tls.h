/* SPDX-License-Identifier: MIT */
/*
 * The judge's TLS: a context for either side, and a self-signed certificate made at the start (a file would be one
 * more thing to clean up, and one more to expire).
 */
#ifndef TLSBYE_JUDGE_TLS_H
#define TLSBYE_JUDGE_TLS_H

#include <openssl/ssl.h>

#include "judge/script.h"

/* NULL, with the reason in OpenSSL's error queue. */
SSL_CTX *tls_context(const struct script *script);

/* `judge cert`: writes a fresh pair in PEM; false, with the reason on stderr. */
bool tls_write_pair(const char *cert_file, const char *key_file);

#endif
