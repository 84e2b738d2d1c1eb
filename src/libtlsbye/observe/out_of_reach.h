/* SPDX-License-Identifier: MIT */
/*
 * TLS whose socket nobody but the program sees: memory BIOs (node, Python's asyncio), a BIO of the program's own that showed
 * no socket, pipes. Nothing is known of its end, and just that is told, when its SSL goes: a process without an event would look
 * like one without TLS, or like one that does all right.
 *
 * One line a process at level info, where no connection with a socket was there before it; the others at debug; and where
 * these are not written, their number when the process ends.
 *
 * Rules: async-signal-safe. Not of an SSL that never had a handshake: programs make such, and some give it the descriptor -1,
 * to ask OpenSSL something. Not of one that another process owns (P7).
 */
#ifndef TLSBYE_OUT_OF_REACH_H
#define TLSBYE_OUT_OF_REACH_H

#include "connection/connection.h"

/* The SSL goes, by a close path, or with the process. Told once; nothing where its socket is known. */
void out_of_reach_note(struct connection *c);

/* The process ends: how many there were, where not each was told. */
void out_of_reach_sum(void);

/* The child counts its own. */
void out_of_reach_child_after_fork(void);

#endif
