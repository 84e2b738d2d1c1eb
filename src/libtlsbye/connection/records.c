/* SPDX-License-Identifier: MIT */
/*
 * See records.h. Records come from chunks that are mapped once and never unmapped, and go back to a lock-free list: a
 * close in a signal handler may be the last one out.
 */
#include "connection/records.h"

#include "connection/ownership.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

enum { CHUNK_RECORDS = 256, CHUNKS = 4096 };

static struct connection *_Atomic chunks[CHUNKS];
static _Atomic uint32_t chunk_count;
static _Atomic uint64_t free_list; /* upper half: a tag against ABA; lower half: index + 1 */
static pthread_mutex_t mapping = PTHREAD_MUTEX_INITIALIZER;

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

/* Lock held. */
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
	c->seen.references = 1;
	atomic_store(&c->claim.word, CLAIM_NEW | CLAIM_SHAKING | CLAIM_LOOK);
	atomic_store(&c->socket.fd, -1);
	atomic_store(&c->refs, 1);
}

struct connection *records_new(struct libssl *lib)
{
	struct connection *c = take_free();
	if (!c) {
		pthread_mutex_lock(&mapping);
		c = take_free();
		if (!c && map_chunk())
			c = take_free();
		pthread_mutex_unlock(&mapping);
	}
	if (c)
		start_record(c, lib);
	return c;
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
	residue_forget(&c->released.residue);
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

static void inherit(struct connection *c, void *arg)
{
	(void)arg;
	atomic_store(&c->claim.word, 0); /* the only thread of the child is here, and not inside */
	/*
	 * No slot: it was begun by another thread after the fork handler had looked, or its SSL was freed before. A child's
	 * SHUT_WR would end it for the parent, which may be writing (P7).
	 */
	if (!atomic_load(&c->slot))
		atomic_store(&c->released.not_ours, true);
	claim_mark(&c->claim, CLAIM_NEW | CLAIM_FORKED | (c->seen.unfinished ? CLAIM_PENDING : 0) |
				      (c->seen.handshaken ? 0 : CLAIM_SHAKING));
	uint32_t refs = atomic_load(&c->socket.descriptors) + (atomic_load(&c->ssl) ? 1 : 0);
	atomic_store(&c->refs, refs + 1);
	records_unref(c);
}

void records_child_after_fork(void)
{
	pthread_mutex_init(&mapping, NULL);
	records_each(inherit, NULL);
}
