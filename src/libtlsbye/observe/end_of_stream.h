/* SPDX-License-Identifier: MIT */
/*
 * The suffering side: a peer that ends without close_notify. OpenSSL 3 made that an error, and has an option that makes
 * it a clean end again (SSL_OP_IGNORE_UNEXPECTED_EOF): the very end that close_notify gives. Here the option is set,
 * where the user asks for it (TLSBYE_IGNORE_UNEXPECTED_EOF), and the two ends are told apart again.
 *
 * Rules: inside, like the SSL_* call that they belong to. errno is the caller's to keep. OpenSSL 1.1.1 is left alone: it
 * has no such option, and its bit may mean another thing.
 */
#ifndef TLSBYE_EOF_H
#define TLSBYE_EOF_H

#include "connection/connection.h"

/* At the first call that does I/O: sets the option, if that is wished. */
void end_of_stream_ignore(struct connection *c, SSL *ssl);

/* The call that has just returned told the program a clean end: notes which it was, and warns where one was hidden. */
void end_of_stream_seen(struct connection *c, SSL *ssl);

/*
 * The same, where it was we who read on for an SSL_shutdown (ssl_shutdown.h). OpenSSL forgets our close_notify over an
 * end that it ignores, and would send another: reminds it.
 */
void end_of_stream_seen_after_notify(struct connection *c, SSL *ssl);

#endif
