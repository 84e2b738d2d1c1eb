/* SPDX-License-Identifier: MIT */
/*
 * The processes of the tree, as far as they have said a word: who is alive (a pidfd each), and what each of them has
 * here. The hub lives as long as one of them does.
 *
 * A process is the one that made the connection (SO_PEERCRED): what it says of itself decides nothing. It is kept while
 * it lives or has a hold; a later process of the same number is another one.
 *
 * Rules: only who has shown the token becomes one.
 */
#ifndef TLSBYE_PROCESSES_H
#define TLSBYE_PROCESSES_H

#include "hub/teller.h"
#include "hub/watch.h"

#include <sys/types.h>

struct held;
struct stderr_file;
struct awaiting;

struct process {
	struct source source; /* its pidfd */
	struct process *next; /* of all */
	pid_t pid;            /* 0: of a namespace that is not below ours */
	int pidfd;            /* -1: it has ended */
	bool used_tls, said_bye;
	bool cut_off;         /* its BYE may not reach us */
	struct teller teller; /* pid 0: it has not said TLS */
	bool in_use;          /* by a message of its own: not to be forgotten meanwhile */
	uint32_t held;
	struct held *oldest, *newest; /* holds.c: by age */
	struct stderr_file *stderr_files;
	struct awaiting *awaiting; /* connections to be closed when it has no hold any more */
};

/* The program: it may never say a word. `ended`: called for each of them that has ended, before it is forgotten. */
bool processes_begin(pid_t main, int pidfd, void (*ended)(struct process *process));

/* Whoever is at the other end of the connection, in_use until it is let go; NULL: no memory. */
struct process *processes_of(int connection);

/* The connection is kept until the process has no hold any more, and is closed then: at once, if there is none. */
void processes_await(struct process *process, int connection);

/* It has a hold less, or is not in use any more: who awaits that is told; forgotten if nothing is left of it. */
void processes_let_go(struct process *process);

/* This one is not waited for any more. */
void processes_forget_main(void);

/* An end counts as soon as it is there, and not when the loop comes to it. Not out of a source's ready. */
void processes_look(void);

/* Has it ended without a BYE after it had used TLS? What connections it had then, nobody knows. */
bool processes_is_cut_short(const struct process *process);

unsigned processes_alive(void);

/* So many were. */
unsigned processes_cut_short(void);

/* None is alive: since when; 0 while one is. */
uint64_t processes_all_ended_us(void);

#endif
