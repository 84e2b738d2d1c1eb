/* SPDX-License-Identifier: MIT */
/*
 * The way without a hub: a task of our own for one socket. It is a child that shares the host's memory, and nothing else:
 * its descriptor table is a copy, out of which it closes everything but the socket and the log; its end is signalled to
 * nobody, and wait() of the program does not see it (clone(2): exit signal 0). It outlives the host's exit and exec, since
 * the memory lives as long as one that uses it.
 *
 * What runs there (clone_task.c) has no thread: no thread-local storage, so no errno, no stack protector's canary, no lazy
 * binding (the loader saves registers in a thread's storage): nothing but system calls by the instruction (kernel.h).
 *
 * Rules: async-signal-safe, and errno is kept. Not from a child of vfork(), whose memory is its parent's.
 */
#ifndef TLSBYE_CLONE_H
#define TLSBYE_CLONE_H

#include "linger/hold.h"

enum { CLONES_MAX = 256 }; /* at once, in a process; hold.number where that is less */

/* Where the task writes: a file that it opens, or a descriptor of the host's that it keeps; NULL and -1: nowhere. */
struct clone_log {
	const char *path;
	int fd;
	struct mailbox *mailbox; /* rather here, where there is one (connection/mailbox.h) */
};

/*
 * Hands the socket over: residue_length and sites_length bytes go with the hold. fd stays the caller's, to be closed. 0; else
 * the errno with which there can be no task, or EUSERS where there are as many as may be: nothing has happened then.
 */
int clone_hand_over(int fd, const struct hold *hold, const void *residue, const char *sites,
		    struct clone_log log);

/*
 * close_notify, or why there is none, for a task that holds back for it. False: no task of this process has that hold, or it
 * is over. The caller has its signals blocked.
 */
bool clone_speaks(const struct hold_speech *speech, const void *bytes);

/* How many are under way: rather too many than too few. */
unsigned clone_count(void);

#endif
