/* SPDX-License-Identifier: MIT */
/*
 * Which process is this? One page that the kernel wipes in a forked child (MADV_WIPEONFORK) tells child from parent with
 * one load, also where a raw clone ran no fork handler. A child that shares the memory, the page with it, is told by
 * getpid() alone: a system call, which is asked where such a child can be, once hooks/vfork.c has seen one begin.
 *
 * Rules: a vfork child lives in its parent's memory: whoever is about to write there at a close asks
 * process_is_original() first. All of these are async-signal-safe, except process_begin and process_save_output.
 */
#ifndef TLSBYE_PROCESS_H
#define TLSBYE_PROCESS_H

#include "sys/export.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/types.h>
#include <unistd.h>

/* The machines that hooks/vfork.c is written for. */
#if defined __x86_64__ || defined __i386__ || defined __aarch64__
#define PROCESS_VFORK_IS_SEEN 1
#else
#define PROCESS_VFORK_IS_SEEN 0
#endif

/* At the first connection of the process, once: a process without TLS needs none of this. */
void process_begin(void);

/* In the child of a fork, by the handler: from here on it is an original of its own. */
void process_begin_anew(void);

/* Before a child begins that shares our memory: from here on getpid() is asked, for good. */
void process_shares_memory(void);

/* Begun by process_begin(): what a forked child is told by, and whether one may live in our memory. */
struct process_home {
	uint32_t alive; /* 0 where a raw clone wiped it */
	pid_t pid;
};
extern struct process_home *process_home
	INTERNAL; /* NULL before the first connection: there is nothing to guard */
extern _Atomic bool process_shares INTERNAL;

/* Is this the process that our memory belongs to: no vfork child, no raw clone that no fork handler saw? */
static inline bool process_is_original(void)
{
	const struct process_home *home = process_home;
	if (!home)
		return true;
	bool may_be_child = atomic_load_explicit(&process_shares, memory_order_relaxed);
	return home->alive && (!may_be_child || home->pid == getpid());
}

pid_t process_id(void);

/*
 * Is it valgrind or the like that answers for the kernel, and has ways of its own of frames, clone() and what not? They hide the
 * vdso, whose calls would pass them by.
 */
static inline bool process_is_emulated(void)
{
	return !getauxval(AT_SYSINFO_EHDR);
}

/* Has the program one thread only? Where it cannot be known, no. */
bool process_has_one_thread(void);

/* Before a wait at exit: what stands in the program's streams, lest a signal during the wait lose it. */
void process_save_output(void);

#endif
