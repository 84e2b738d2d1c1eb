/* SPDX-License-Identifier: MIT */
/*
 * The process becomes another program. A failed exec is an ordinary thing (a shell that looks along PATH): so the release
 * comes only where the exec is going to succeed as far as that can be seen (runnable.h).
 *
 * Rules: async-signal-safe, as execve is.
 */
#ifndef TLSBYE_EXEC_H
#define TLSBYE_EXEC_H

#include "release/runnable.h"
#include "sys/call_sites.h"

void exec_release(enum exec_by by, const char *file, int fd, char *const argv[], char *const environment[],
		  struct call call);

#endif
