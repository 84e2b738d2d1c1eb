/* SPDX-License-Identifier: MIT */
/*
 * A hash table with open addressing. It is told to forget before it is told to grow beyond SIZE_LIMIT: 64 MiB.
 */
#include "seen.h"

#include <stdlib.h>

#define SIZE_FIRST 1024
#define SIZE_LIMIT (4U << 20)

/* FNV-1a, and a last mixing for its low bits. */
static uint64_t add_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3U;
	return (hash ^ 0xff) * 0x100000001b3U;
}

static uint64_t finish(uint64_t hash)
{
	hash ^= hash >> 32;
	hash *= 0x9e3779b97f4a7c15U;
	hash ^= hash >> 29;
	return hash ? hash : 1;
}

uint64_t seen_key(const char *program, const char *id)
{
	return finish(add_text(add_text(0xcbf29ce484222325U, program), id));
}

uint64_t seen_process_key(const char *program, int64_t pid)
{
	return finish(add_text(0xcbf29ce484222325U, program) ^ (uint64_t)pid);
}

static struct seen *find(struct seen *places, size_t size, uint64_t key)
{
	size_t at = key & (size - 1);

	while (places[at].key && places[at].key != key)
		at = (at + 1) & (size - 1);
	return &places[at];
}

/* Nothing is missing of it: whatever it still has to say was counted. */
static bool complete(const struct seen *seen)
{
	return seen->ends > 0 && seen->ends >= seen->starts;
}

static bool rebuild(struct seen_table *table, size_t size, bool forget)
{
	struct seen *places = calloc(size, sizeof(*places));
	size_t used = 0;

	if (!places)
		return false;
	for (size_t i = 0; i < table->size; i++) {
		const struct seen *seen = &table->places[i];

		if (seen->key && !(forget && complete(seen))) {
			*find(places, size, seen->key) = *seen;
			used++;
		}
	}
	free(table->places);
	*table = (struct seen_table){places, size, used, false};
	return true;
}

/* Five eighths full is where looking up becomes slow; at the limit seven. */
static bool make_room(struct seen_table *table)
{
	if (table->used < table->size / 8 * 5)
		return true;
	if (table->size < SIZE_LIMIT)
		return rebuild(table, table->size ? table->size * 2 : SIZE_FIRST, false);
	if (table->used < table->size / 8 * 7)
		return true;
	/* Where little can be forgotten, trying again for each connection would take for ever. */
	table->full = table->full || !rebuild(table, table->size, true) || table->used > table->size / 8 * 6;
	return !table->full;
}

struct seen *seen_get(struct seen_table *table, uint64_t key, bool *is_new)
{
	struct seen *seen = table->size ? find(table->places, table->size, key) : NULL;

	if (is_new)
		*is_new = !seen || !seen->key;
	if (seen && seen->key)
		return seen;
	if (!make_room(table))
		return NULL;
	seen = find(table->places, table->size, key);
	seen->key = key;
	table->used++;
	return seen;
}

void seen_free(struct seen_table *table)
{
	free(table->places);
	*table = (struct seen_table){0};
}
