/* SPDX-License-Identifier: MIT */
/*
 * The name of an errno, as it stands in a manual page. strerror() translates, and may allocate; strerrorname_np() is
 * younger than the oldest glibc that we build on.
 *
 * Rules: async-signal-safe.
 */
#ifndef TLSBYE_ERRNO_NAMES_H
#define TLSBYE_ERRNO_NAMES_H

/* "ECONNRESET"; NULL for 0; "errno" for one that no socket is known to give. */
const char *errno_names_find(int value);

/* Of SSL_get_error: "SSL_ERROR_SYSCALL"; NULL for none. */
const char *errno_names_of_ssl(int error);

#endif
