/* SPDX-License-Identifier: MIT */
/*
 * The suffering side: a read, a handshake or a write failed. What can be learnt of it is learnt at once: what OpenSSL
 * says, what the kernel says, how much had come, and so whose fault it most likely is. Each connection tells of one failed
 * read and of one write, not of every retry.
 *
 * Rules: inside, like the SSL_* call that has just returned; failure_of_unfinished alone is async-signal-safe. errno, the
 * error queue and SO_ERROR stay as they are (P5): reading SO_ERROR takes the error away.
 */
#ifndef TLSBYE_FAILURE_H
#define TLSBYE_FAILURE_H

#include "connection/connection.h"

/* A call has returned with this SSL_get_error(). Tells of nothing but SSL_ERROR_SSL and SSL_ERROR_SYSCALL. */
void failure_of_read(struct connection *c, int error, struct call call);
void failure_of_write(struct connection *c, int error, struct call call, uint64_t requested);

/*
 * A call has returned that only wants more, or has met the peer's end, and the program is told of a failure all the same: the
 * queue holds the error of an earlier call (stale_error.h). Without a name (SSL_shutdown) it is noted, and not told.
 */
void failure_is_not_its_own(struct connection *c, int error, struct call call, bool of_write);

/* Does the thread's error queue say that the call found no memory? */
bool failure_is_of_memory(const struct libssl *lib);

/* Not taken, or not as a whole, and to be repeated: told only if it never is. `error` 0: a part was taken. */
void failure_may_follow(struct connection *c, int error, struct call call, uint64_t requested);

#endif
