/* SPDX-License-Identifier: MIT */
/*
 * The table of connections: records, the look-up from an SSL, the look-up from a descriptor.
 *
 * Records come from chunks that are mapped once and never unmapped, and go back to a lock-free list: a close in a
 * signal handler may be the last one out. The hash table is changed under a lock, by ordinary code only; its readers
 * walk it without one. A reader that meets a record on its way to another bucket ends at a miss, and looks again
 * under the lock.
 */
#include "connection.h"

#include "process.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { CHUNK_RECORDS = 256, CHUNKS = 4096, STRANGERS = 8 };

struct connection *_Atomic ssl_buckets[1 << SSL_BUCKETS_LOG2];
_Atomic uint32_t descriptor_slots[DESCRIPTOR_LIMIT]; /* a record's index + 1, or SLOT_ */

static struct connection *_Atomic chunks[CHUNKS];
static _Atomic uint32_t chunk_count;
static _Atomic uint64_t free_list; /* upper half: a tag against ABA; lower half: index + 1 */
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;

enum { SLOT_CLOSING = UINT32_MAX - 2, SLOT_DUPLICATE = UINT32_MAX - 1, SLOT_EPOLL = UINT32_MAX };

/* --- records --- */

struct connection *connection_by_index(uint32_t index)
{
	return &atomic_load(&chunks[index / CHUNK_RECORDS])[index % CHUNK_RECORDS];
}

static void give_back(struct connection *c)
{
	uint64_t top = atomic_load(&free_list), mine;
	do {
		uint32_t below = (uint32_t)top;
		atomic_store(&c->next, below ? connection_by_index(below - 1) : NULL);
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
		c = connection_by_index((uint32_t)top - 1);
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
	size_t head = offsetof(struct connection, lib);
	uint32_t index = c->index;
	memset((char *)c + head, 0, sizeof *c - head);
	c->index = index;
	c->lib = lib;
	c->references = 1;
	atomic_store(&c->claim.word, CLAIM_NEW | CLAIM_LOOK);
	atomic_store(&c->fd, -1);
	atomic_store(&c->stakes, 1);
}

void connection_stake(struct connection *c)
{
	atomic_fetch_add(&c->stakes, 1);
}

void connection_unstake(struct connection *c)
{
	if (atomic_fetch_sub(&c->stakes, 1) != 1)
		return;
	if (c->residue.bytes)
		munmap(c->residue.bytes, RESIDUE_MAX);
	c->residue.bytes = NULL;
	process_lets_go(c, false);
	give_back(c);
}

void connection_each(void (*visit)(struct connection *c, void *arg), void *arg)
{
	uint32_t records = atomic_load(&chunk_count) * CHUNK_RECORDS;
	for (uint32_t i = 0; i < records; i++) {
		struct connection *c = connection_by_index(i);
		if (atomic_load(&c->stakes))
			visit(c, arg);
	}
}

/* --- from the SSL --- */

struct connection *connection_of_ssl(const SSL *ssl)
{
	struct connection *c = atomic_load_explicit(&ssl_buckets[ssl_bucket(ssl)], memory_order_acquire);
	while (c && atomic_load(&c->ssl) != ssl)
		c = atomic_load(&c->next);
	return c;
}

/* The SSL was freed where no hook saw it (a libssl linked -Bsymbolic frees inside itself). */
static void forget_freed_ssl(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
	(void)ptr, (void)data, (void)index, (void)argl, (void)argp;
	struct connection *c = connection_of_ssl(parent);
	if (!c || !process_is_home())
		return;
	connection_stake(c);
	claim_enter(&c->claim); /* a goodbye that is inside still uses it; none gets in before it is gone */
	connection_detach_ssl(c);
	claim_leave(&c->claim);
	connection_unstake(c);
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
static struct connection *stranger(struct libssl *lib)
{
	static struct connection strangers[STRANGERS];
	for (int i = 0; i < STRANGERS; i++) {
		if (!strangers[i].lib)
			strangers[i].lib = lib;
		if (strangers[i].lib == lib)
			return &strangers[i];
	}
	return &strangers[STRANGERS - 1];
}

/* Table lock held. */
static struct connection *track(SSL *ssl, struct libssl *lib)
{
	struct connection *c = lib->usable ? take_free() : NULL;
	if (!c && lib->usable && map_chunk())
		c = take_free();
	if (!c)
		return stranger(lib);
	watch_frees(lib);
	start_record(c, lib);
	c->hands_off = lib->SSL_is_dtls(ssl) || lib->SSL_is_quic(ssl);
	struct connection *_Atomic *bucket = &ssl_buckets[ssl_bucket(ssl)];
	atomic_store(&c->next, atomic_load(bucket));
	atomic_store(&c->ssl, ssl);
	atomic_store_explicit(bucket, c, memory_order_release);
	return c;
}

static struct connection *find_or_track(SSL *ssl, void *caller)
{
	struct connection *c = connection_of_ssl(ssl);
	if (c && ssl)
		return c;
	int saved = errno;
	struct libssl *lib = real_libssl(caller);
	pthread_mutex_lock(&table_lock);
	c = ssl ? connection_of_ssl(ssl) : stranger(lib);
	if (!c)
		c = track(ssl, lib);
	pthread_mutex_unlock(&table_lock);
	errno = saved;
	return c;
}

struct connection *connection_enter(SSL *ssl, void *caller, uint32_t *news)
{
	struct connection *c = find_or_track(ssl, caller);
	*news = claim_enter(&c->claim);
	return c;
}

void connection_track_again(SSL *ssl, struct libssl *lib, uint32_t references)
{
	pthread_mutex_lock(&table_lock);
	struct connection *c = track(ssl, lib);
	if (atomic_load(&c->ssl))
		c->references = references;
	pthread_mutex_unlock(&table_lock);
}

void connection_detach_ssl(struct connection *c)
{
	pthread_mutex_lock(&table_lock);
	SSL *ssl = atomic_load(&c->ssl);
	bool found = false;
	if (ssl) {
		struct connection *_Atomic *link = &ssl_buckets[ssl_bucket(ssl)];
		while (atomic_load(link) && atomic_load(link) != c)
			link = &atomic_load(link)->next;
		found = atomic_load(link) == c;
		if (found)
			atomic_store(link, atomic_load(&c->next));
		atomic_store(&c->ssl, NULL);
	}
	pthread_mutex_unlock(&table_lock);
	if (found)
		connection_unstake(c);
}

/* --- what stands in a descriptor's slot --- */

static struct connection *connection_in_slot(uint32_t slot)
{
	return slot && slot < SLOT_CLOSING ? connection_by_index(slot - 1) : NULL;
}

static uint32_t slot_of(int fd)
{
	return (unsigned)fd < DESCRIPTOR_LIMIT ? atomic_load(&descriptor_slots[fd]) : 0;
}

bool connection_has_descriptor(const struct connection *c, int fd)
{
	return connection_in_slot(slot_of(fd)) == c;
}

/* Another thread may close the descriptor meanwhile: a stake counts only where the slot is the same behind it. */
struct connection *connection_hold_by_descriptor(int fd)
{
	uint32_t slot = slot_of(fd);
	struct connection *c = connection_in_slot(slot);
	uint32_t stakes = c ? atomic_load(&c->stakes) : 0;
	while (stakes && !atomic_compare_exchange_weak(&c->stakes, &stakes, stakes + 1))
		continue;
	if (!stakes)
		return NULL;
	if (slot_of(fd) == slot)
		return c;
	connection_unstake(c);
	return NULL;
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

bool connection_is_socket(const struct connection *c, int fd)
{
	uint64_t cookie;
	return socket_cookie(fd, &cookie) && cookie == c->cookie;
}

static bool is_stream(int fd)
{
	int type = 0;
	socklen_t size = sizeof type;
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
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

/* Others of the program's numbers may be the same socket: dup() came first, or inetd gave 0, 1 and 2. */
static _Atomic int highest_duplicate = 2;

static void adopt_duplicates(struct connection *c, int fd)
{
	bool marked = slot_of(fd) == SLOT_DUPLICATE;
	int last = marked ? atomic_load(&highest_duplicate) : 2;
	for (int other = 0; other <= last; other++) {
		uint32_t slot = slot_of(other);
		bool candidate = slot == SLOT_DUPLICATE || (slot == 0 && other <= 2 && (marked || fd <= 2));
		if (other != fd && candidate && connection_is_socket(c, other))
			connection_add_descriptor(c, other);
	}
}

static void adopt_socket(struct connection *c, int fd, uint64_t cookie)
{
	c->cookie = cookie;
	note_endpoint(&c->local, fd, false);
	note_endpoint(&c->peer, fd, true);
	c->family = c->local.family;
	c->first_fd = fd;
	adopt_duplicates(c, fd);
	atomic_store(&c->fd, fd);
	connection_add_descriptor(c, fd);
}

/* The SSL moved on to another socket without SSL_clear: the old one is passed through. */
static void forget_socket(struct connection *c, int fd)
{
	bool alone;
	if (connection_has_descriptor(c, fd) && connection_take_descriptor(fd, &alone)) {
		connection_descriptor_taken(fd);
		connection_unstake(c);
	}
	atomic_store(&c->fd, -1);
}

void connection_learn_socket(struct connection *c, SSL *ssl)
{
	int saved = errno;
	int fd = c->lib->SSL_get_rfd(ssl), write_fd = c->lib->SSL_get_wfd(ssl);
	uint64_t cookie, write_cookie;
	bool one_socket =
		fd >= 0 && write_fd >= 0 && socket_cookie(fd, &cookie) &&
		(write_fd == fd || (socket_cookie(write_fd, &write_cookie) && write_cookie == cookie));
	if (!c->hands_off && one_socket && is_stream(fd)) {
		int known = atomic_load(&c->fd);
		if (known >= 0 && c->cookie != cookie)
			forget_socket(c, known);
		if (atomic_load(&c->fd) < 0)
			adopt_socket(c, fd, cookie);
		if (write_fd != fd && !connection_has_descriptor(c, write_fd))
			connection_add_descriptor(c, write_fd);
	} else if (fd < 0 && atomic_load(&c->fd) >= 0) {
		forget_socket(c, atomic_load(&c->fd)); /* it moved to a BIO that is no socket */
	}
	errno = saved;
}

/* --- from the descriptor --- */

/* Who is being closed at this moment: in a fork child nobody is. Where there is no room, the number is not marked. */
enum { CLOSING = 32 };
static _Atomic int closing[CLOSING]; /* descriptor + 1 */

static uint32_t closing_mark(int fd)
{
	for (int i = 0; i < CLOSING; i++) {
		int nothing = 0;
		if (atomic_compare_exchange_strong(&closing[i], &nothing, fd + 1))
			return SLOT_CLOSING;
	}
	return 0;
}

static void closing_unmark(int fd)
{
	for (int i = 0; i < CLOSING; i++) {
		int marked = fd + 1;
		if (atomic_compare_exchange_strong(&closing[i], &marked, 0))
			return;
	}
}

struct connection *connection_take_descriptor(int fd, bool *alone)
{
	uint32_t slot = atomic_load(&descriptor_slots[fd]), mark = 0, instead;
	do {
		if (slot == SLOT_CLOSING)
			break;
		if (connection_in_slot(slot) && !mark)
			mark = closing_mark(fd);
		instead = connection_in_slot(slot) ? mark : 0;
	} while (!atomic_compare_exchange_weak(&descriptor_slots[fd], &slot, instead));
	struct connection *c = connection_in_slot(slot);
	*alone = slot != SLOT_CLOSING;
	if (c)
		atomic_fetch_sub(&c->descriptors, 1);
	else if (mark)
		closing_unmark(
			fd); /* the other closer was faster: the slot has its mark, this one is spare */
	return c;
}

void connection_descriptor_taken(int fd)
{
	uint32_t slot = SLOT_CLOSING;
	atomic_compare_exchange_strong(&descriptor_slots[fd], &slot, 0);
	closing_unmark(fd);
}

void connection_add_descriptor(struct connection *c, int fd)
{
	if ((unsigned)fd >= DESCRIPTOR_LIMIT)
		return;
	/* Whoever stood there before was closed where no hook saw it. */
	bool alone;
	struct connection *gone = connection_take_descriptor(fd, &alone);
	if (gone) {
		connection_descriptor_taken(fd);
		connection_unstake(gone);
	}
	connection_stake(c);
	atomic_fetch_add(&c->descriptors, 1);
	atomic_store(&descriptor_slots[fd], c->index + 1);
}

void descriptor_duplicated(int from, int to)
{
	int pair[] = {from, to};
	for (int i = 0; i < 2; i++) {
		uint32_t nothing = 0;
		if ((unsigned)pair[i] >= DESCRIPTOR_LIMIT)
			return;
		atomic_compare_exchange_strong(&descriptor_slots[pair[i]], &nothing, SLOT_DUPLICATE);
		int highest = atomic_load(&highest_duplicate);
		while (pair[i] > highest &&
		       !atomic_compare_exchange_weak(&highest_duplicate, &highest, pair[i]))
			continue;
	}
}

/* --- the program's epoll sets --- */

bool epoll_set_known(int epfd)
{
	return slot_of(epfd) == SLOT_EPOLL;
}

enum { EPOLL_SETS = 256 };
static _Atomic int epoll_sets[EPOLL_SETS]; /* descriptor + 1 */
static _Atomic uint32_t
	epoll_set_count; /* how many were ever used; more than EPOLL_SETS: not all are known */

void epoll_set_seen(int epfd)
{
	if ((unsigned)epfd >= DESCRIPTOR_LIMIT) {
		atomic_store(&epoll_set_count, EPOLL_SETS + 1);
		return;
	}
	/* Whatever stood there was closed where no hook saw it: epoll_ctl took the number for a set. */
	uint32_t slot = atomic_exchange(&descriptor_slots[epfd], SLOT_EPOLL);
	struct connection *gone = connection_in_slot(slot);
	if (gone) {
		atomic_fetch_sub(&gone->descriptors, 1);
		connection_unstake(gone);
	}
	if (slot == SLOT_EPOLL)
		return;
	uint32_t used = atomic_load(&epoll_set_count);
	for (uint32_t i = 0; i < used && i < EPOLL_SETS; i++) {
		int stale = atomic_load(&epoll_sets[i]);
		bool reusable = stale == epfd + 1 || !epoll_set_known(stale - 1);
		if (reusable && atomic_compare_exchange_strong(&epoll_sets[i], &stale, epfd + 1))
			return;
	}
	uint32_t place = atomic_fetch_add(&epoll_set_count, 1);
	if (place < EPOLL_SETS)
		atomic_store(&epoll_sets[place], epfd + 1);
}

bool epoll_sets_all_known(void)
{
	return atomic_load(&epoll_set_count) <= EPOLL_SETS;
}

void epoll_sets_forget_socket(int fd)
{
	uint32_t count = atomic_load(&epoll_set_count);
	for (uint32_t i = 0; i < count && i < EPOLL_SETS; i++) {
		int epfd = atomic_load(&epoll_sets[i]) - 1;
		if (epfd >= 0 && atomic_load(&descriptor_slots[epfd]) == SLOT_EPOLL)
			real.epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL);
	}
}

/* What the parent's linger thread holds is the parent's alone. */
static void inherit(struct connection *c, void *arg)
{
	(void)arg;
	atomic_store(&c->claim.word, 0); /* the only thread of the child is here, and not inside */
	claim_mark(&c->claim, CLAIM_NEW | CLAIM_FORKED | (c->unfinished ? CLAIM_PENDING : 0));
	uint32_t stakes = atomic_load(&c->descriptors) + (atomic_load(&c->ssl) ? 1 : 0);
	atomic_store(&c->stakes, stakes + 1);
	connection_unstake(c);
}

void connection_child_after_fork(void)
{
	pthread_mutex_init(&table_lock, NULL);
	for (int i = 0; i < CLOSING; i++) {
		int fd = atomic_exchange(&closing[i], 0) - 1;
		if (fd >= 0)
			atomic_store(&descriptor_slots[fd], 0);
	}
	connection_each(inherit, NULL);
}
