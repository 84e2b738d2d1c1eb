/* SPDX-License-Identifier: MIT */
/*
 * A random walk over the ways to use a TLS connection and to let go of it, and what each way promises to the peer.
 *
 * The walk is the seed's alone: no step depends on what a call returned, so that bare and cured do the same. What happened is told
 * on stdout in lines of two kinds: "did:" is the same in both, descriptor numbers included; "promise:" is held by a cured run.
 *
 * Rules: promises lie in shared memory, since a child may keep them. Nothing goes through stdio: a fork would double it.
 */
#ifndef TLSBYE_TESTS_CHAOS_H
#define TLSBYE_TESTS_CHAOS_H

#include "legacy.h"

#include <pthread.h>

#define MOST_LINES   12
#define MOST_COPIES  6
#define MOST_NUMBERS 1024

struct promise {
	size_t written;              /* every byte of these arrives, unless lossy says why not */
	size_t most;                 /* a write that was left half-done: so many more may arrive */
	const char *silent, *either; /* why close_notify is forbidden, or not promised; the first wins */
	const char *hub;             /* why it is due with a hub only */
	const char *lossy;           /* why bytes may be lost, and a reset may come */
	const char *torn; /* why a record that was half-done may remain so; "hub": where there is none */
	bool abort;       /* a reset is to come */
};

struct line {
	int id, fd;
	int copies[MOST_COPIES], copies_open;
	SSL *ssl;
	size_t unread; /* of the peer's first record */
	bool closed, closed_in_handler, freed, freed_first;
	bool over; /* no TLS of this process any more: a child has spoken, or a write is half-done */
	bool done; /* let go of in the walk already */
	bool shut; /* close_notify was said ahead of the FIN, whatever the exit says later */
	bool sent_to_itself, watched, was_reader, by_stream;
	bool inherited; /* the process that waits for this one has it, too */
	bool writing;   /* a thread is in a write; chaos_settle() waits for it */
	pthread_t writer;
	size_t to_write;
	int wrote;
	struct promise *promise;
};

extern const char nobody_wrote[];
extern struct line lines[MOST_LINES];
extern bool chaos_watched[MOST_NUMBERS]; /* its last user was in an epoll set, and was closed unseen */
extern int lines_open;
extern bool forked;    /* this process has made a child, or is one */
extern bool is_daemon; /* its parent waits, and has the connections of before */
extern bool threads;   /* another thread sleeps beside */

/* --- chaos.c --- */
uint64_t chaos_random(void);
size_t chaos_below(size_t n);
bool chaos_one_in(size_t n);
void chaos_did(const char *format, ...) __attribute__((format(printf, 1, 2)));
void chaos_file(void);  /* a file of the program's own, or a socket, at the lowest number that is free */
void chaos_reuse(void); /* likewise, or the next connection */
bool chaos_open(void);  /* the next connection; false: there are no more */
void chaos_use_witness(void);
void chaos_forget_witness(int fd);

/* --- chaos_steps.c --- */
void chaos_step(struct line *line);
void chaos_write(struct line *line, size_t n);
void chaos_settle(void); /* no thread is in a write any more */

/* --- chaos_copies.c --- */
void chaos_copy(struct line *line);
void chaos_close_copy(struct line *line);
void chaos_move(struct line *line);   /* goes on with a copy */
void chaos_travel(struct line *line); /* the same with one that was in a message at the close */

/* --- chaos_forks.c --- */
void chaos_await(struct line *line, const char *what, size_t how, pid_t child);
void chaos_fork_idle(struct line *line);
void chaos_fork_serve(struct line *line);
void chaos_fork_and_let_go(struct line *line);
void chaos_fork_halves(struct line *line);
void chaos_become_daemon(struct line *line);

/* --- chaos_ends.c --- */
void chaos_end(struct line *line);
int chaos_choose_leave(void);         /* the way out; completes the promises */
void chaos_let_go(struct line *line); /* free and close, nothing else, in either order */
int chaos_leave(int how);

#endif
