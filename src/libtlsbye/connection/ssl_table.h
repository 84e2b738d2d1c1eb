/* SPDX-License-Identifier: MIT */
/*
 * From an SSL to its connection.
 *
 * Rules: for ordinary code; ssl_table_find and the fast way take no lock.
 */
#ifndef TLSBYE_SSL_TABLE_H
#define TLSBYE_SSL_TABLE_H

#include "connection/connection.h"

/*
 * The connection of an SSL, entered (leave it with claim_leave). Found or made; never NULL: an SSL that cannot be
 * tracked gets a record that stands for all of its kind, with its `ssl` NULL, whose `lib` works. *news: which marks of
 * the claim were cleared.
 */
struct connection *ssl_table_enter(SSL *ssl, void *caller, uint32_t *news);

extern struct connection *_Atomic ssl_table_buckets[] INTERNAL;
enum { SSL_BUCKETS_LOG2 = 14 };

static inline unsigned ssl_table_bucket(const SSL *ssl)
{
	return (unsigned)(((uintptr_t)ssl * 0x9E3779B97F4A7C15u) >> (64 - SSL_BUCKETS_LOG2));
}

/* The same for the first in its bucket, where there is no news: else NULL, and not entered. */
static inline struct connection *ssl_table_enter_fast(SSL *ssl)
{
	struct connection *c =
		atomic_load_explicit(&ssl_table_buckets[ssl_table_bucket(ssl)], memory_order_acquire);
	bool fast = c && atomic_load_explicit(&c->ssl, memory_order_relaxed) == ssl;
	return __builtin_expect(fast, true) && claim_enter_fast(&c->claim) ? c : NULL;
}

/* The connection of an SSL, not entered; NULL if it is not tracked. */
struct connection *ssl_table_find(const SSL *ssl);

/* SSL_clear: the SSL, detached from the connection that ended, begins another. */
void ssl_table_track_again(SSL *ssl, struct libssl *lib, uint32_t references, bool born_seen);

/*
 * The SSL goes: nobody finds it any more, and no close_notify will use it. Gives its reference back. The caller holds the
 * claim and a reference of its own: who gets in afterwards must find it gone.
 */
void ssl_table_detach(struct connection *c);

void ssl_table_child_after_fork(void);

#endif
