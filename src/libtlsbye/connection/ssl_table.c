/* SPDX-License-Identifier: MIT */
/*
 * See ssl_table.h. The table is changed under a lock, by ordinary code only; its readers walk it without one. A reader
 * that meets a record on its way to another bucket ends at a miss, and looks again under the lock.
 */
#include "connection/ssl_table.h"

#include "connection/records.h"
#include "sys/process.h"

#include <errno.h>
#include <pthread.h>

enum { PLACEHOLDERS = 8 };

struct connection *_Atomic ssl_table_buckets[1 << SSL_BUCKETS_LOG2];

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;

struct connection *ssl_table_find(const SSL *ssl)
{
	struct connection *c =
		atomic_load_explicit(&ssl_table_buckets[ssl_table_bucket(ssl)], memory_order_acquire);
	while (c && atomic_load(&c->ssl) != ssl)
		c = atomic_load(&c->next);
	return c;
}

/* The SSL was freed where no hook saw it (a libssl linked -Bsymbolic frees inside itself). */
static void forget_freed_ssl(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
	(void)ptr, (void)data, (void)index, (void)argl, (void)argp;
	struct connection *c = ssl_table_find(parent);
	if (!c || !process_is_original())
		return;
	records_ref(c);
	claim_enter(&c->claim); /* whoever speaks still uses it; none gets in before it is gone */
	ssl_table_detach(c);
	claim_leave(&c->claim);
	records_unref(c);
}

/*
 * Table lock held. Once for each library. Only where an SSL_free may pass our hook by: where the library calls itself past it, or an
 * SSL_new has, too, because the program looks the functions up (dlsym). It costs each SSL of the process 500 instructions.
 */
static void watch_frees(struct libssl *lib)
{
	if (lib->watches_frees)
		return;
	lib->watches_frees = true;
	lib->CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, NULL, NULL, NULL, forget_freed_ssl);
}

/* A record that stands for all that cannot be tracked: it is entered and left, and never released. */
static struct connection *placeholder(struct libssl *lib)
{
	static struct connection placeholders[PLACEHOLDERS];
	for (int i = 0; i < PLACEHOLDERS; i++) {
		if (!placeholders[i].lib)
			placeholders[i].lib = lib;
		if (placeholders[i].lib == lib)
			return &placeholders[i];
	}
	return &placeholders[PLACEHOLDERS - 1];
}

/* Table lock held. */
static struct connection *track(SSL *ssl, struct libssl *lib, bool born_seen)
{
	struct connection *c = lib->usable ? records_new(lib) : NULL;
	if (!c)
		return placeholder(lib);
	if (!born_seen || !atomic_load(&lib->inner_calls_seen))
		watch_frees(lib);
	c->seen.born = born_seen;
	c->seen.hands_off = lib->SSL_is_quic(ssl);
	c->socket.datagram = !c->seen.hands_off && lib->SSL_is_dtls(ssl);
	struct connection *_Atomic *bucket = &ssl_table_buckets[ssl_table_bucket(ssl)];
	atomic_store(&c->next, atomic_load(bucket));
	atomic_store(&c->ssl, ssl);
	atomic_store_explicit(bucket, c, memory_order_release);
	return c;
}

static struct connection *find_or_track(SSL *ssl, struct libssl *lib, bool born_seen)
{
	pthread_mutex_lock(&table_lock);
	struct connection *c = ssl ? ssl_table_find(ssl) : placeholder(lib);
	if (!c)
		c = track(ssl, lib, born_seen);
	pthread_mutex_unlock(&table_lock);
	return c;
}

struct connection *ssl_table_enter_new(SSL *ssl, struct libssl *lib)
{
	struct connection *c = find_or_track(ssl, lib, true);
	c->seen.born = atomic_load(&c->ssl) != NULL; /* within SSL_new SSL_clear may have come by */
	claim_enter(&c->claim);
	return c;
}

struct connection *ssl_table_enter(SSL *ssl, void *caller, uint32_t *marks)
{
	struct connection *c = ssl ? ssl_table_find(ssl) : NULL;
	if (!c) {
		int saved = errno;
		c = find_or_track(ssl, openssl_libssl(caller), false);
		errno = saved;
	}
	*marks = claim_enter(&c->claim);
	return c;
}

void ssl_table_track_again(SSL *ssl, struct libssl *lib, uint32_t references, bool born_seen)
{
	pthread_mutex_lock(&table_lock);
	struct connection *c = track(ssl, lib, born_seen);
	if (atomic_load(&c->ssl))
		c->seen.references = references;
	pthread_mutex_unlock(&table_lock);
}

void ssl_table_detach(struct connection *c)
{
	pthread_mutex_lock(&table_lock);
	SSL *ssl = atomic_load(&c->ssl);
	bool found = false;
	if (ssl) {
		struct connection *_Atomic *link = &ssl_table_buckets[ssl_table_bucket(ssl)];
		while (atomic_load(link) && atomic_load(link) != c)
			link = &atomic_load(link)->next;
		found = atomic_load(link) == c;
		if (found)
			atomic_store(link, atomic_load(&c->next));
		atomic_store(&c->ssl, NULL);
	}
	pthread_mutex_unlock(&table_lock);
	if (found)
		records_unref(c);
}

void ssl_table_child_after_fork(void)
{
	pthread_mutex_init(&table_lock, NULL);
}
