/* SPDX-License-Identifier: MIT */
/*
 * The table of connections: records, the look-up from an SSL, and which socket an SSL speaks over.
 *
 * Records come from chunks that are mapped once and never unmapped, and go back to a lock-free list: a close in a
 * signal handler may be the last one out. The hash table is changed under a lock, by ordinary code only; its readers
 * walk it without one. A reader that meets a record on its way to another bucket ends at a miss, and looks again
 * under the lock.
 */
#include "connection/connection.h"

#include "connection/descriptors.h"
#include "connection/process.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { CHUNK_RECORDS = 256, CHUNKS = 4096, PLACEHOLDERS = 8 };

struct connection *_Atomic ssl_table_buckets[1 << SSL_BUCKETS_LOG2];

static struct connection *_Atomic chunks[CHUNKS];
static _Atomic uint32_t chunk_count;
static _Atomic uint64_t free_list; /* upper half: a tag against ABA; lower half: index + 1 */
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;

/* --- records --- */

struct connection *records_at(uint32_t index)
{
	return &atomic_load(&chunks[index / CHUNK_RECORDS])[index % CHUNK_RECORDS];
}

static void give_back(struct connection *c)
{
	uint64_t top = atomic_load(&free_list), mine;
	do {
		uint32_t below = (uint32_t)top;
		atomic_store(&c->next, below ? records_at(below - 1) : NULL);
		mine = ((top >> 32) + 1) << 32 | (c->index + 1);
	} while (!atomic_compare_exchange_weak(&free_list, &top, mine));
}

static struct connection *take_free(void)
{
	uint64_t top = atomic_load(&free_list), mine;
	struct connection *c;
	do {
		if (!(uint32_t)top)
			return NULL;
		c = records_at((uint32_t)top - 1);
		struct connection *below = atomic_load(&c->next);
		mine = ((top >> 32) + 1) << 32 | (below ? below->index + 1 : 0);
	} while (!atomic_compare_exchange_weak(&free_list, &top, mine));
	return c;
}

/* Table lock held. */
static bool map_chunk(void)
{
	uint32_t count = atomic_load(&chunk_count);
	if (count == CHUNKS)
		return false;
	struct connection *chunk = mmap(NULL, CHUNK_RECORDS * sizeof *chunk, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (chunk == MAP_FAILED)
		return false;
	atomic_store(&chunks[count], chunk);
	atomic_store(&chunk_count, count + 1);
	for (uint32_t i = 0; i < CHUNK_RECORDS; i++) {
		chunk[i].index = count * CHUNK_RECORDS + i;
		give_back(&chunk[i]);
	}
	return true;
}

/* Everything to its start but what a late reader may still look at: claim, ssl (NULL by then) and next. */
static void start_record(struct connection *c, struct libssl *lib)
{
	static _Atomic uint32_t connections;
	size_t head = offsetof(struct connection, lib);
	uint32_t index = c->index;
	memset((char *)c + head, 0, sizeof *c - head);
	c->index = index;
	c->number = atomic_fetch_add(&connections, 1) + 1;
	c->lib = lib;
	c->references = 1;
	atomic_store(&c->claim.word, CLAIM_NEW | CLAIM_SHAKING | CLAIM_LOOK);
	atomic_store(&c->fd, -1);
	atomic_store(&c->refs, 1);
}

void records_ref(struct connection *c)
{
	atomic_fetch_add(&c->refs, 1);
}

bool records_ref_if_used(struct connection *c)
{
	uint32_t refs = atomic_load(&c->refs);
	while (refs && !atomic_compare_exchange_weak(&c->refs, &refs, refs + 1))
		continue;
	return refs != 0;
}

void records_unref(struct connection *c)
{
	if (atomic_fetch_sub(&c->refs, 1) != 1)
		return;
	if (c->residue.bytes)
		munmap(c->residue.bytes, RESIDUE_MAX);
	c->residue.bytes = NULL;
	call_sites_forget(&c->sites);
	ownership_lets_go(c, false);
	give_back(c);
}

bool records_any(void)
{
	return atomic_load_explicit(&chunk_count, memory_order_relaxed) != 0;
}

void records_each(void (*visit)(struct connection *c, void *arg), void *arg)
{
	uint32_t records = atomic_load(&chunk_count) * CHUNK_RECORDS;
	for (uint32_t i = 0; i < records; i++) {
		struct connection *c = records_at(i);
		if (atomic_load(&c->refs))
			visit(c, arg);
	}
}

/* --- from the SSL --- */

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
	claim_enter(&c->claim); /* a goodbye that is inside still uses it; none gets in before it is gone */
	ssl_table_detach(c);
	claim_leave(&c->claim);
	records_unref(c);
}

/* Table lock held. Once for each library. */
static void watch_frees(struct libssl *lib)
{
	if (lib->watches_frees)
		return;
	lib->watches_frees = true;
	lib->CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL, 0, NULL, NULL, NULL, forget_freed_ssl);
}

/* A record that stands for all that cannot be tracked: it is entered and left, and never said goodbye for. */
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
static struct connection *track(SSL *ssl, struct libssl *lib)
{
	struct connection *c = lib->usable ? take_free() : NULL;
	if (!c && lib->usable && map_chunk())
		c = take_free();
	if (!c)
		return placeholder(lib);
	watch_frees(lib);
	start_record(c, lib);
	c->hands_off = lib->SSL_is_quic(ssl);
	c->datagram = !c->hands_off && lib->SSL_is_dtls(ssl);
	struct connection *_Atomic *bucket = &ssl_table_buckets[ssl_table_bucket(ssl)];
	atomic_store(&c->next, atomic_load(bucket));
	atomic_store(&c->ssl, ssl);
	atomic_store_explicit(bucket, c, memory_order_release);
	return c;
}

static struct connection *find_or_track(SSL *ssl, void *caller)
{
	struct connection *c = ssl_table_find(ssl);
	if (c && ssl)
		return c;
	int saved = errno;
	struct libssl *lib = real_libssl(caller);
	pthread_mutex_lock(&table_lock);
	c = ssl ? ssl_table_find(ssl) : placeholder(lib);
	if (!c)
		c = track(ssl, lib);
	pthread_mutex_unlock(&table_lock);
	errno = saved;
	return c;
}

struct connection *ssl_table_enter(SSL *ssl, void *caller, uint32_t *news)
{
	struct connection *c = find_or_track(ssl, caller);
	*news = claim_enter(&c->claim);
	return c;
}

void ssl_table_track_again(SSL *ssl, struct libssl *lib, uint32_t references, bool born_seen)
{
	pthread_mutex_lock(&table_lock);
	struct connection *c = track(ssl, lib);
	if (atomic_load(&c->ssl)) {
		c->references = references;
		c->born_seen = born_seen;
	}
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

/* --- the socket --- */

static bool socket_cookie(int fd, uint64_t *cookie)
{
	socklen_t size = sizeof *cookie;
	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie, &size) == 0)
		return true;
	struct stat status;
	if (fstat(fd, &status) != 0 || !S_ISSOCK(status.st_mode))
		return false;
	*cookie = status.st_ino;
	return true;
}

bool socket_is_of(const struct connection *c, int fd)
{
	uint64_t cookie;
	return socket_cookie(fd, &cookie) && cookie == c->cookie;
}

bool descriptors_may_use(const struct connection *c, int fd)
{
	return descriptors_belong(c, fd) || (c->datagram && fd >= 0 && socket_is_of(c, fd));
}

static bool is_of_type(int fd, int wanted)
{
	int type = 0;
	socklen_t size = sizeof type;
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == wanted;
}

bool socket_is_stream(int fd)
{
	return is_of_type(fd, SOCK_STREAM);
}

/* DTLS is known over UDP by OpenSSL's own BIO only, which knows the peer: not over SCTP, not over a program's BIO. */
static bool is_ours(const struct connection *c, SSL *ssl, int fd)
{
	if (c->hands_off || !is_of_type(fd, c->datagram ? SOCK_DGRAM : SOCK_STREAM))
		return false;
	return !c->datagram || c->lib->BIO_method_type(c->lib->SSL_get_wbio(ssl)) == BIO_TYPE_DGRAM;
}

static void note_endpoint(union endpoint *endpoint, int fd, bool of_peer)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	struct sockaddr *where = (struct sockaddr *)&address;
	if ((of_peer ? getpeername(fd, where, &size) : getsockname(fd, where, &size)) != 0)
		return;
	if (address.ss_family == AF_INET)
		memcpy(&endpoint->v4, &address, sizeof endpoint->v4);
	else if (address.ss_family == AF_INET6)
		memcpy(&endpoint->v6, &address, sizeof endpoint->v6);
	else
		endpoint->family = address.ss_family;
}

static void adopt_socket(struct connection *c, int fd, uint64_t cookie)
{
	c->cookie = cookie;
	note_endpoint(&c->local, fd, false);
	note_endpoint(&c->peer, fd, true);
	c->family = c->local.family;
	c->first_fd = fd;
	c->tracked_us = 0; /* told of anew (events_tracked) */
	descriptors_adopt_duplicates(c, fd);
	atomic_store(&c->fd, fd);
	descriptors_add(c, fd);
}

/* The SSL moved on to another socket without SSL_clear: the old one is passed through. */
static void forget_socket(struct connection *c)
{
	int fd = atomic_load(&c->fd);
	bool alone;
	if (descriptors_belong(c, fd) && descriptors_take(fd, &alone)) {
		descriptors_taken(fd);
		records_unref(c);
	}
	atomic_store(&c->fd, -1);
}

/* Where the SSL speaks over another socket than before, that one is forgotten. */
static void settle_on_socket(struct connection *c, int fd, uint64_t cookie)
{
	if (atomic_load(&c->fd) >= 0 && c->cookie != cookie)
		forget_socket(c);
	if (atomic_load(&c->fd) < 0)
		adopt_socket(c, fd, cookie);
}

void which_socket_learnt(struct connection *c, int fd)
{
	uint64_t cookie;
	if (!socket_cookie(fd, &cookie) || !(claim_unmark(&c->claim, CLAIM_LEARNING) & CLAIM_LEARNING))
		return;
	c->own_bio = true;
	settle_on_socket(c, fd, cookie);
	if (!descriptors_belong(c, fd))
		descriptors_add(c, fd);
}

int which_socket_read_fd(const struct connection *c, const SSL *ssl)
{
	return c->lib->SSL_get_rbio(ssl) ? c->lib->SSL_get_rfd(ssl) : -1;
}

int which_socket_write_fd(const struct connection *c, const SSL *ssl)
{
	return c->lib->SSL_get_wbio(ssl) ? c->lib->SSL_get_wfd(ssl) : -1;
}

void which_socket_learn(struct connection *c, SSL *ssl)
{
	int saved = errno;
	int write_fd = which_socket_write_fd(c, ssl);
	int fd = c->datagram
			 ? write_fd
			 : which_socket_read_fd(c, ssl); /* servers sort datagrams before they read them */
	uint64_t cookie, write_cookie;
	bool one_socket =
		fd >= 0 && write_fd >= 0 && socket_cookie(fd, &cookie) &&
		(write_fd == fd || (socket_cookie(write_fd, &write_cookie) && write_cookie == cookie));
	if (one_socket && is_ours(c, ssl, fd)) {
		settle_on_socket(c, fd, cookie);
		c->own_bio = false;
		claim_unmark(&c->claim, CLAIM_LEARNING);
		if (write_fd != fd && !descriptors_belong(c, write_fd))
			descriptors_add(c, write_fd);
	} else {
		/* One that was learnt stays until another is: a program may put its own BIO in once more. */
		if (atomic_load(&c->fd) >= 0 && (fd < 0) != c->own_bio)
			forget_socket(c); /* it moved to a BIO that is no socket, or is a pipe */
		if (fd < 0 && write_fd < 0 && !c->hands_off && !c->datagram) {
			c->patience = LEARN_PATIENCE;
			claim_mark(&c->claim, CLAIM_LEARNING);
		}
	}
	errno = saved;
}

/* What the parent's linger thread holds is the parent's alone. */
static void inherit(struct connection *c, void *arg)
{
	(void)arg;
	atomic_store(&c->claim.word, 0); /* the only thread of the child is here, and not inside */
	claim_mark(&c->claim, CLAIM_NEW | CLAIM_FORKED | (c->unfinished ? CLAIM_PENDING : 0) |
				      (c->handshaken ? 0 : CLAIM_SHAKING));
	uint32_t refs = atomic_load(&c->descriptors) + (atomic_load(&c->ssl) ? 1 : 0);
	atomic_store(&c->refs, refs + 1);
	records_unref(c);
}

void connection_child_after_fork(void)
{
	pthread_mutex_init(&table_lock, NULL);
	descriptors_child_after_fork();
	records_each(inherit, NULL);
}
