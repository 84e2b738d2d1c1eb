/* SPDX-License-Identifier: MIT */
/*
 * One connection, played by the script from the first byte to the verdict. Knows nothing of the command line, of
 * listening and connecting, or of the other connections: it is given a connected, non-blocking-or-not socket.
 */
#ifndef TLSBYE_JUDGE_CONVERSATION_H
#define TLSBYE_JUDGE_CONVERSATION_H

#include <openssl/ssl.h>

#include "judge/script.h"
#include "judge/verdict.h"

/*
 * Plays the script on fd, which it closes, and fills in the verdict. *session (or NULL) is offered by a client, and
 * replaced by the session of this connection.
 */
void conversation_hold(const struct script *script, SSL_CTX *ctx, int fd, SSL_SESSION **session,
		       struct verdict *verdict);

#endif
