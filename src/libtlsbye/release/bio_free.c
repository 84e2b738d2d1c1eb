/* SPDX-License-Identifier: MIT */
/*
 * Chains of BIOs as a close path (bio_free.h): which SSLs go with a BIO_free, and what stands in the buffers above them.
 */
#include "release/bio_free.h"

#include "connection/descriptors.h"
#include "connection/hidden_calls.h"
#include "connection/records.h"
#include "connection/ssl_table.h"
#include "linger/queues.h"
#include "observe/end_of_stream.h"
#include "release/after_call.h"
#include "release/before_call.h"
#include "release/ssl_free.h"
#include "release/ssl_shutdown.h"
#include "sys/process.h"
#include "sys/settings.h"
#include "tls/close_notify.h"

#include <errno.h>

/* --- who has a BIO --- */

/*
 * References beyond the first that the program has taken: a BIO's address and, in its low bits, how many. One BIO may stand
 * in several places. Where there is no room for one, nothing more is known, and nothing is released by this path.
 */
enum { SHARED_MAX = 64, SHARED_MORE = 7 };
static _Atomic uintptr_t shared[SHARED_MAX];
static _Atomic bool shared_any, shared_too_many;

static void note_reference(BIO *bio)
{
	atomic_store(&shared_any, true);
	for (int i = 0; i < SHARED_MAX; i++) {
		uintptr_t now = atomic_load(&shared[i]);
		bool room = !now || ((now & ~(uintptr_t)SHARED_MORE) == (uintptr_t)bio &&
				     (now & SHARED_MORE) < SHARED_MORE);
		if (room &&
		    atomic_compare_exchange_strong(&shared[i], &now, (now ? now : (uintptr_t)bio) + 1))
			return;
	}
	atomic_store(&shared_too_many, true);
}

/* Gives one reference back. False: it is the last one. */
static bool is_shared(const BIO *bio)
{
	for (int i = 0; atomic_load(&shared_any) && i < SHARED_MAX; i++) {
		uintptr_t now = atomic_load(&shared[i]);
		while (now && (now & ~(uintptr_t)SHARED_MORE) == (uintptr_t)bio) {
			uintptr_t less = (now & SHARED_MORE) == 1 ? 0 : now - 1;
			if (atomic_compare_exchange_weak(&shared[i], &now, less))
				return true;
		}
	}
	return false;
}

/* Only of filters: below the SSL nothing is decided by a reference. */
void bio_free_shared(const struct libcrypto *crypto, BIO *bio, void *caller)
{
	bool may_matter = settings->mode != MODE_OFF && crypto->BIO_method_type(bio) & BIO_TYPE_FILTER;
	if (may_matter && !openssl_has(crypto, caller))
		note_reference(bio);
}

bool bio_free_concerns(const struct libcrypto *crypto, void *caller)
{
	return (records_any() || atomic_load(&shared_any)) && settings->mode != MODE_OFF &&
	       !openssl_has(crypto, caller);
}

void bio_free_born(struct libssl *lib, BIO *bio)
{
	SSL *ssl = NULL;
	hidden_calls_note();
	if (bio && lib->BIO_ctrl(bio, BIO_C_GET_SSL, 0, &ssl) > 0)
		after_call_new(ssl, lib);
}

/* --- BIO_free --- */

/*
 * Bytes that the program wrote and never flushed: BIO_free throws them away, so the program did not finish (P3). A buffer
 * that is empty answers with what the next one holds.
 */
static uint64_t unflushed_in(const struct libcrypto *crypto, BIO *bio)
{
	int type = crypto->BIO_method_type(bio);
	if (type != BIO_TYPE_BUFFER && type != BIO_TYPE_LINEBUFFER && type != BIO_TYPE_BASE64)
		return 0;
	BIO *below = crypto->BIO_next(bio);
	long held = crypto->BIO_ctrl(bio, BIO_CTRL_WPENDING, 0, NULL);
	return held > 0 && below && held != crypto->BIO_ctrl(below, BIO_CTRL_WPENDING, 0, NULL)
		       ? (uint64_t)held
		       : 0;
}

/*
 * What BIO_free goes on to do, in the library: SSL_shutdown. Where close_notify is out by us it would be the second one,
 * which reads, and blocks until the peer answers; where our bytes wait for room in the socket, or a record was completed,
 * its alert would overtake them. Then it must be silent; the session is kept all the same. Else it is the program's own.
 */
static void leave_to_the_library(struct connection *c, SSL *ssl, bool was_said)
{
	struct libssl *lib = c->lib;
	bool ours = c->released.notify == NOTIFY_SENT || residue_any(&c->released.residue) ||
		    c->released.completed_record;
	bool will_say = !lib->SSL_in_init(ssl) && !lib->SSL_get_quiet_shutdown(ssl) &&
			!(lib->SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN);
	if (was_said)
		return;
	c->seen.called_shutdown = c->seen.called_shutdown || c->released.notify == NOTIFY_SENT || will_say;
	c->released.notify_by_program = c->seen.called_shutdown;
	if (settings->mode == MODE_OBSERVE && queues_is_over(c, descriptors_any(c)))
		c->released.reason = UNHEARD; /* it will fail, in the library, where nobody sees it */
	if (settings->mode == MODE_CURE && ours)
		lib->SSL_set_quiet_shutdown(ssl, 1);
	else if (will_say && c->released.reason != UNHEARD)
		c->released.notify = NOTIFY_SENT;
}

/* Where the program has read to the peer's end by BIO_read, nobody has noted it. */
static void note_end_of_reading(struct connection *c, SSL *ssl)
{
	if (!c->seen.faked && c->lib->SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN)
		end_of_stream_seen(c, ssl);
}

/*
 * A BIO_f_ssl that owns its SSL, of which this is the last reference: the library is about to call SSL_shutdown, SSL_free,
 * and then close. The release comes before all three.
 */
static void release_first(struct connection *c, struct call call)
{
	SSL *ssl = atomic_load(&c->ssl);
	bool was_said = c->released.notify == NOTIFY_SENT && c->released.notify_by_program;
	int saved = errno;
	records_ref(c);
	note_end_of_reading(c, ssl);
	ssl_free_release(c, PATH_BIO_FREE, call);
	leave_to_the_library(c, ssl, was_said);
	records_unref(c);
	errno = saved;
}

static struct connection *connection_in(const struct libcrypto *crypto, BIO *bio)
{
	SSL *ssl = NULL;
	bool owns = crypto->BIO_method_type(bio) == BIO_TYPE_SSL &&
		    crypto->BIO_ctrl(bio, BIO_CTRL_GET_CLOSE, 0, NULL) == BIO_CLOSE &&
		    crypto->BIO_ctrl(bio, BIO_C_GET_SSL, 0, &ssl) > 0;
	return owns && ssl ? ssl_table_find(ssl) : NULL;
}

/*
 * TLS within TLS: the library frees from the top, and the inner close_notify is a record of the outer one. What is said
 * here first would cut it off: so nothing is, and the TCP side alone is ours.
 */
static bool is_nested(const struct libcrypto *crypto, BIO *bio)
{
	struct connection *last = NULL;
	unsigned layers = 0;
	for (; bio; bio = crypto->BIO_next(bio)) {
		struct connection *c = connection_in(crypto, bio);
		layers += crypto->BIO_method_type(bio) == BIO_TYPE_SSL;
		last = c ? c : last;
	}
	if (layers > 1 && last)
		ssl_free_learn_late(last);
	return layers > 1;
}

struct bio_release bio_free_before(const struct libcrypto *crypto, BIO *bio, bool all, struct call call)
{
	struct bio_release lives_on = {0};
	uint64_t unflushed = 0;
	if (atomic_load(&shared_too_many) || !process_is_original() || (all && is_nested(crypto, bio)))
		return lives_on;
	for (; bio && !is_shared(bio); bio = all ? crypto->BIO_next(bio) : NULL) {
		struct connection *c = connection_in(crypto, bio);
		unflushed += unflushed_in(crypto, bio);
		if (c && c->seen.references == 1) {
			c->seen.unflushed = unflushed;
			release_first(c, call);
		} else if (c && !lives_on.c) {
			records_ref(c);
			lives_on = (struct bio_release){.c = c, .references = c->seen.references};
		}
	}
	return lives_on;
}

/* Where no hook saw the library's SSL_shutdown and SSL_free. */
void bio_free_after(const struct bio_release *lives_on)
{
	struct connection *c = lives_on->c;
	if (!c)
		return;
	uint32_t references = lives_on->references;
	__atomic_compare_exchange_n(&c->seen.references, &references, references - 1, false, __ATOMIC_ACQ_REL,
				    __ATOMIC_RELAXED);
	SSL *ssl = atomic_load(&c->ssl);
	if (ssl && c->released.notify == NOTIFY_NONE && c->lib->SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN) {
		claim_enter(&c->claim);
		after_call_shutdown(c, ssl, 0, (struct call){0}); /* the library's own */
	}
	records_unref(c);
}

/* --- BIO_ssl_shutdown --- */

/* The one SSL in the chain; NULL where there is none, or more of them. */
static SSL *only_ssl(struct libssl *lib, BIO *bio)
{
	SSL *found = NULL, *ssl;
	for (; bio; bio = lib->BIO_next(bio)) {
		ssl = NULL;
		if (lib->BIO_method_type(bio) != BIO_TYPE_SSL ||
		    lib->BIO_ctrl(bio, BIO_C_GET_SSL, 0, &ssl) <= 0)
			continue;
		if (found)
			return NULL;
		found = ssl;
	}
	return found;
}

/* BIO_ssl_shutdown keeps to itself what SSL_shutdown said: this is what it must have been. */
static int result_of_shutdown(struct libssl *lib, const SSL *ssl)
{
	int flags = lib->SSL_get_shutdown(ssl);
	if (flags & SSL_RECEIVED_SHUTDOWN)
		return 1;
	return flags & SSL_SENT_SHUTDOWN && lib->SSL_want(ssl) != SSL_WRITING ? 0 : -1;
}

void bio_free_ssl_shutdown(struct libssl *lib, BIO *bio, struct call call)
{
	SSL *ssl = only_ssl(lib, bio);
	if (!ssl) {
		lib->BIO_ssl_shutdown(bio);
		return;
	}
	struct connection *c = before_call_io(ssl, call.from);
	int result = ssl_shutdown_read_the_rest(c, ssl);
	if (result > 0) {
		lib->BIO_ssl_shutdown(bio);
		result = result_of_shutdown(lib, ssl);
	}
	after_call_shutdown(c, ssl, result, call);
}
