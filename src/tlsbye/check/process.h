/* SPDX-License-Identifier: MIT */
/*
 * A running process as /proc shows it. Nothing of it is stopped, traced or changed.
 */
#ifndef TLSBYE_CHECK_PROCESS_H
#define TLSBYE_CHECK_PROCESS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "objects.h"

enum { UNKNOWN = -1 };

struct process {
	pid_t pid;
	char name[32];
	char exe[PATH_MAX];                 /* as the process sees it; " (deleted)" at its end where it is */
	int threads, seccomp, no_new_privs; /* of /proc/PID/status, or UNKNOWN */
	int secure;                         /* AT_SECURE: its loader ignored LD_PRELOAD */
	bool other_mounts;                  /* it sees another tree of files */
	bool environment_read;
	char **settings; /* "TLSBYE_MODE=observe" */
	size_t setting_count;
	char *preload;   /* its LD_PRELOAD, NULL without */
	bool has_object; /* libtlsbye.so is mapped */
};

/*
 * Reads all of it, and what is mapped into "objects", the program first. Returns 0; otherwise why not is said on
 * stderr.
 */
int process_read(pid_t pid, struct process *process, struct objects *objects);

#endif
