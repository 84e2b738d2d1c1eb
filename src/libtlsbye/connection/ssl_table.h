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
 * tracked gets a record that stands for all of its kind, with its `ssl` NULL, whose `lib` works. *marks: those of the claim.
 */
struct connection *ssl_table_enter(SSL *ssl, void *caller, uint32_t *marks);

/* The same for one that was just made, by this library. errno may change. */
struct connection *ssl_table_enter_new(SSL *ssl, struct libssl *lib);

extern struct connection *_Atomic ssl_table_buckets[] INTERNAL;
enum { SSL_BUCKETS_LOG2 = 14 };

static inline unsigned ssl_table_bucket(const SSL *ssl)
{
	return (unsigned)(((uintptr_t)ssl * 0x9E3779B97F4A7C15u) >> (64 - SSL_BUCKETS_LOG2));
}

/* The connection of an SSL that is the first in its bucket, as nearly all are; else NULL. */
static inline struct connection *ssl_table_first(const SSL *ssl)
{
	struct connection *c =
		atomic_load_explicit(&ssl_table_buckets[ssl_table_bucket(ssl)], memory_order_acquire);
	bool first = c && atomic_load_explicit(&c->ssl, memory_order_relaxed) == ssl;
	return __builtin_expect(first, true) ? c : NULL;
}

/* It, entered, where there is nothing at all to look at: else NULL, and not entered. */
static inline struct connection *ssl_table_enter_fast(const SSL *ssl)
{
	struct connection *c = ssl_table_first(ssl);
	return c && claim_enter_fast(&c->claim) ? c : NULL;
}

/* The same where none of these marks stands. */
static inline struct connection *ssl_table_enter_unless(const SSL *ssl, uint32_t marks)
{
	struct connection *c = ssl_table_first(ssl);
	return c && claim_enter_unless(&c->claim, marks) ? c : NULL;
}

/*
 * Does libssl call itself within a call of the program's on this SSL (in a tail call it is our hook that calls)? The outer
 * call sees to all, and this one may pass; where libssl is linked -Bsymbolic it is not even seen. NULL: no.
 */
static inline struct libssl *ssl_table_inner_call(const SSL *ssl, void *caller)
{
	struct connection *c = ssl_table_first(ssl);
	bool inner = c && claim_is_entered(&c->claim) &&
		     (code_range_holds(&c->lib->code, caller) || code_range_is_us(caller));
	return inner ? c->lib : NULL;
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
