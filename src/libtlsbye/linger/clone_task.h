/* SPDX-License-Identifier: MIT */
/*
 * What a task of clone.h does, and the memory that it does it in: all of it lies in one mapping, its stack included, which is
 * used again by another task after this one has ended.
 *
 * Rules: clone_task_run runs without a thread (clone.h): whatever it calls is in libtask.
 */
#ifndef TLSBYE_CLONE_TASK_H
#define TLSBYE_CLONE_TASK_H

#include "linger/hold.h"

#include <stdatomic.h>
#include <sys/types.h>

enum { CLONE_STACK_SIZE = 24 * 1024 };

struct clone_task {
	char stack[CLONE_STACK_SIZE]; /* downwards, towards the page before it that cannot be touched */
	int fd, log_fd;               /* -1: no log */
	struct hold hold;
	char log_path[SETTING_TEXT_MAX + 1]; /* "": none, log_fd then */
	struct mailbox *mailbox;             /* NULL: none */
	char line[LINE_MAX_BYTES];
	char sites[HOLD_SITES_MAX];
	unsigned char residue[RESIDUE_MAX];
	pid_t host;          /* our parent, while it lives */
	_Atomic bool spoken; /* what follows is here: */
	struct hold_speech speech;
	unsigned char speech_bytes[RESIDUE_MAX];
};

/* Begins with all signals blocked but the synchronous ones. Does not return. */
int clone_task_run(void *task);

#endif
