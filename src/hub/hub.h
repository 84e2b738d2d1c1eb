/* SPDX-License-Identifier: MIT */
/*
 * The hub: the process beside a tree of programs that drains their sockets and writes their log (DESIGN: nothing of ours
 * lives in the host). hub_start.h begins it; message.h is what it is told.
 *
 * It lives as long as a process of the tree does, or it holds something. SIGTERM (a service manager sends it to all of a
 * service at once, and the program has still to let go of its connections) leaves each drain, and the hub, hurry_us; a
 * second one ends them, each with its FIN. No other signal does anything but SIGKILL and SIGSTOP.
 */
#ifndef TLSBYE_HUB_HUB_H
#define TLSBYE_HUB_HUB_H

#include "hub/message.h"

struct hub_begin {
	int sockets[2]; /* bound; the second by path, or -1 */
	int log;        /* -1: not open */
	int control;    /* control.h, or -1 */
	int ready;      /* written to when the hub listens */
	int main_pidfd;
	pid_t main_pid;
	uint64_t hurry_us;           /* AT_EXIT */
	const char *log_path;        /* "": none */
	char folder[HUB_FOLDER_MAX]; /* of the path; "": none */
	unsigned char token[TOKEN_BYTES];
};

/* In the hub's process. Ends it. */
void hub_run(const struct hub_begin *begin) __attribute__((noreturn));

#endif
