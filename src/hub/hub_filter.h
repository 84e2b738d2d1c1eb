/* SPDX-License-Identifier: MIT */
/*
 * The system calls that the hub can still make: a seccomp filter with an allow list. Any other fails with EPERM, which
 * costs what was tried and no more; a compromised hub can neither run a program, nor open a connection, nor look into
 * another process.
 *
 * Rules: x86-64, i386, arm64; elsewhere there is none. no_new_privs first.
 */
#ifndef TLSBYE_HUB_FILTER_H
#define TLSBYE_HUB_FILTER_H

#include <stdbool.h>

/* False: there is none for this machine, or the kernel knows none. */
bool hub_filter_install(void);

#endif
