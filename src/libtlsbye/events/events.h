/* SPDX-License-Identifier: MIT */
/*
 * What we tell people and programs: a connection's way from its first word to its end, and the few complaints about
 * settings. Each of these makes one event (event.h) out of what is known, decides at which level it is told, and
 * writes it in the format that is wished (TLSBYE_LOG_FORMAT).
 *
 * Rules: never blocks, never allocates, keeps errno, raises no SIGPIPE, is no cancellation point: all of it is
 * async-signal-safe, events_handshake excepted. A line is one write(2) of at most a pipe's atomic size. Nobody else
 * formats text.
 */
#ifndef TLSBYE_EVENTS_H
#define TLSBYE_EVENTS_H

#include "connection/connection.h"
#include "events/event.h"

/* Constructor only: remembers the program's name, and which file descriptor 2 is. */
void events_init(void);

/* A connection's end, once. Level info where it needed a cure or was not given one, debug where all was well. */
void events_end(struct connection *c);

/* The end of a connection of which no socket is known. NULL: how many there were in the process (out_of_reach.h). */
void events_out_of_reach(struct connection *c, enum level level, const struct event_out_of_reach *facts);

/*
 * Level warn: the peer's end came without close_notify, and OpenSSL, which was told to, passed it off as a clean one.
 * `certain`: nothing else is possible. `bytes`: what came before, TLS's own included.
 */
void events_hidden_end(struct connection *c, uint64_t bytes, bool certain);

/* Level debug: the steps of a connection's way. The first: its socket is known; told once of each socket. */
void events_tracked(struct connection *c);
void events_handshake(struct connection *c, SSL *ssl);

/*
 * The state of our close_notify (connection.h: notify), where it is another than the last one told. `why`: where none
 * is out, the reason. Observing, MAY_SPEAK is what we would have done.
 */
void events_notify(struct connection *c, enum by by, enum reason why);
void events_half_close(struct connection *c, enum by by);

/*
 * Level info: a read or a handshake that failed, a write that was not taken. The caller fills in what it has seen; the
 * connection's own numbers are added here.
 */
void events_read_failed(struct connection *c, struct event_failure *failure);
void events_write_incomplete(struct connection *c, struct event_failure *failure);

/* Level warn: see struct event_late_call. */
void events_late_call(struct connection *c, const char *call, uint32_t other, bool held_back);

/* Level warn. */
void events_complain(const struct setting_complaint *complaint);
void events_bad_log(const char *path, int error);

/* Level warn, once for each way: the one before it was refused. */
void events_hand_over(enum way_place way, int error);

/* --- for what is handed over (linger/): the end is told elsewhere, by what is known here --- */

/* Is any end told, at the level that is wished? */
bool events_end_may_be_told(void);

/* Or traced? */
bool events_end_is_heard(void);

/* May every step be told, and the end of a connection that needed nothing? */
bool events_steps_may_be_told(void);

/* Is its end still to be told? From here on by the caller. */
bool events_end_begins(struct connection *c);
void events_end_facts(const struct connection *c, struct event_end *end);
/* With the addresses where they are known (which_socket_addresses). */
void events_who(const struct connection *c, struct event_who *who);
const char *events_program(void); /* EVENT_PROGRAM_MAX bytes */

#endif
