/* SPDX-License-Identifier: MIT */
/*
 * A call on an SSL whose socket the program has closed. OpenSSL knows the number alone, and by now it may be another
 * connection's, or a file's: a record of the one goes into the other, whose peer then sees a record that does not decrypt, or
 * a byte of the other is read away. Who suffers from that would blame its peer; so it is told of the call, and not of what
 * followed.
 *
 * Rules: ordinary code, inside; after the call, and before SSL_free. errno is kept.
 */
#ifndef TLSBYE_LATE_CALL_H
#define TLSBYE_LATE_CALL_H

#include "connection/connection.h"

/* Was its socket closed, by a way that was seen? Nothing that a call meets then is the peer's doing. */
bool late_call_is_one(const struct connection *c);

/* The call was made, or held back; told once of a connection, where the number is in use. */
void late_call_note(struct connection *c, SSL *ssl, const char *call, bool held_back);

/* SSL_free() closes the number, where the BIO was told to. */
void late_call_note_free(struct connection *c, SSL *ssl);

#endif
