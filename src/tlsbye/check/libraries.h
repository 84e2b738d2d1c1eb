/* SPDX-License-Identifier: MIT */
/*
 * The TLS libraries that a program may have, and what each lets a program do itself where the object cannot.
 */
#ifndef TLSBYE_CHECK_LIBRARIES_H
#define TLSBYE_CHECK_LIBRARIES_H

#include "marks.h"

enum tls_kind {
	TLS_NONE,
	TLS_OPENSSL,
	TLS_LIBRESSL,
	TLS_BORINGSSL,
	TLS_GNUTLS,
	TLS_NSS,
	TLS_MBEDTLS,
	TLS_WOLFSSL,
	TLS_RUSTLS,
	TLS_GO,
	TLS_JAVA,
	TLS_S2N,
};

const char *libraries_name(enum tls_kind kind);

/* The ending to write in the program, for a library of this kind. */
const char *libraries_advice(enum tls_kind kind);

/* A library that is not of OpenSSL's kin, by its file name; else TLS_NONE. */
enum tls_kind libraries_by_name(const char *base);

/* What was linked into a file, by its traces. TLS_NONE where they show none, or only what it was built with. */
enum tls_kind libraries_by_marks(const struct marks *marks, bool is_go);

#endif
