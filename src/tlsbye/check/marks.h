/* SPDX-License-Identifier: MIT */
/*
 * Traces of TLS libraries in the bytes of a file, for what has no symbols: a library that was linked in statically and
 * stripped, functions that are looked up by name, and which version it is.
 */
#ifndef TLSBYE_CHECK_MARKS_H
#define TLSBYE_CHECK_MARKS_H

#include <stdbool.h>

#include "elf_file.h"

struct marks {
	char openssl[32];     /* "3.0.17": the version that it was built with, or that it carries; "" */
	char libressl[32];    /* likewise */
	char libssl[64];      /* a name like "libssl.so.3", to be opened at run time */
	bool openssl_code;    /* names of libssl's source files: its code is in here */
	bool names_functions; /* "SSL_free" or its like as a word of its own, to be looked up */
	bool boringssl, mbedtls, rustls, go_tls;
	bool cut; /* the file is larger than what was searched */
};

/* Searches what would be loaded of the file. */
void marks_search(const char *path, const struct elf_file *file, struct marks *marks);

#endif
