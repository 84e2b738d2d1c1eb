/* SPDX-License-Identifier: MIT */
/*
 * What we tell people: one line for the end of each connection, and the few complaints about settings.
 *
 * Rules: never blocks, never allocates, keeps errno, raises no SIGPIPE: all of it is async-signal-safe. A line is one
 * write(2) of at most a pipe's atomic size. Nobody else formats text.
 */
#ifndef TLSBYE_EVENTS_H
#define TLSBYE_EVENTS_H

#include "connection.h"

/* Constructor only: remembers the program's name, and which file descriptor 2 is. */
void events_init(void);

/* A connection's end, once. Level info where it needed a cure or was not given one, debug where all was well. */
void event_end(struct connection *c);

/* Level debug, once a process: no socket was found that an SSL speaks over. */
void event_out_of_reach(void);

/*
 * Level warn: the peer's end came without close_notify, and OpenSSL, which was told to, passed it off as a clean one.
 * `certain`: nothing else is possible. `bytes`: what came before, TLS's own included.
 */
void event_hidden_end(const struct connection *c, uint64_t bytes, bool certain);

/* Level warn. `refusal` and `fallback` as in src/settings_parse.h. */
void event_bad_setting(const char *name, const char *text, const char *refusal, const char *fallback);
void event_unknown_setting(const char *name, size_t length);
void event_bad_log(const char *path, int error);

/* Can a line be written to that file? 0, or the errno. */
int event_try_log(const char *path);

/*
 * Called by the linger thread once its descriptor table is its own: from then on it fetches the program's stderr for
 * each line (pidfd_getfd). Where the kernel refuses that, its lines wait for the program's threads.
 */
void event_thread_has_own_table(void);

/* Writes the lines that wait. For the program's threads. */
void events_flush(void);

#endif
