/* SPDX-License-Identifier: MIT */
/*
 * The TLS side of a conversation, over memory BIOs: what is said goes into one, what was received comes out of the
 * other. Never touches the socket.
 */
#ifndef TLSBYE_JUDGE_TALK_H
#define TLSBYE_JUDGE_TALK_H

#include <openssl/ssl.h>

#include "judge/message.h"
#include "judge/script.h"
#include "judge/verdict.h"
#include "judge/wire.h"

struct conversation {
	const struct script *script;
	struct verdict *verdict;
	struct wire wire;
	SSL *ssl;
	BIO *in;
	BIO *out;
	int64_t started_ms;
	int64_t deadline_ms;
	int64_t next_read_ms;
	int64_t settled_ms; /* from then on only the other side can still act; 0: not yet */
	uint64_t said;      /* pattern bytes queued so far */
	bool asked;
	bool trailed;
	bool notified;
	int64_t notified_ms;
	bool tls_over;
	bool half_close_due;
	bool own_end; /* the script's time for it has come */
	bool done;
};

void talk_open(struct conversation *c, SSL_CTX *ctx, SSL_SESSION **session);
void talk_close(struct conversation *c, SSL_SESSION **session);

/* One step of the handshake; true once it is complete. A failure stands in the verdict. */
bool talk_handshake(struct conversation *c);

/* In place of a handshake: see enum handshake. */
void talk_begin_otherwise(struct conversation *c);

void talk_say_pattern(struct conversation *c, size_t n);
void talk_say_request(struct conversation *c);
void talk_say_notify(struct conversation *c);

void talk_hear_records(struct conversation *c, const unsigned char *raw, size_t n);
void talk_hear_plain(struct conversation *c, const unsigned char *raw, size_t n);

#endif
