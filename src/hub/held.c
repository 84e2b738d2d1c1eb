/* SPDX-License-Identifier: MIT */
/* See held.h. */
#include "hub/held.h"

#include <stddef.h>
#include <stdlib.h>

enum { CANDIDATES = 16 }; /* of the oldest: so many are asked, not all */

static struct held *oldest, *newest;
static uint32_t count;

/* --- by process and id --- */

static struct held **table;
static uint32_t buckets; /* a power of two */

static uint32_t hash(const struct process *process, uint64_t id)
{
	uint64_t mixed = ((uintptr_t)process >> 4 ^ id) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(mixed >> 32);
}

static struct held **bucket(const struct process *process, uint64_t id)
{
	return &table[hash(process, id) & (buckets - 1)];
}

static bool grow(void)
{
	uint32_t old_buckets = buckets;
	struct held **old = table, **larger = calloc(buckets ? 2 * buckets : 256, sizeof *larger);
	if (!larger)
		return table != NULL;
	table = larger;
	buckets = old_buckets ? 2 * old_buckets : 256;
	for (uint32_t i = 0; i < old_buckets; i++) {
		while (old[i]) {
			struct held *held = old[i];
			old[i] = held->next_alike;
			struct held **at = bucket(held->process, held->hold.id);
			held->next_alike = *at;
			*at = held;
		}
	}
	free(old);
	return true;
}

struct held *held_find(const struct process *process, uint64_t id)
{
	struct held *held = table ? *bucket(process, id) : NULL;
	while (held && (held->process != process || held->hold.id != id))
		held = held->next_alike;
	return held;
}

/* --- all lists --- */

bool held_list(struct held *held, uint64_t *next_number)
{
	struct process *process = held->process;
	if (count >= buckets && !grow())
		return false;
	struct held **at = bucket(process, held->hold.id);
	held->next_alike = *at;
	*at = held;
	held->older = newest;
	*(newest ? &newest->newer : &oldest) = held;
	newest = held;
	held->older_own = process->newest;
	*(process->newest ? &process->newest->newer_own : &process->oldest) = held;
	process->newest = held;
	process->held++;
	count++;
	held->number = (*next_number)++;
	return true;
}

void held_unlist(struct held *held)
{
	struct process *process = held->process;
	struct held **at = bucket(process, held->hold.id);
	while (*at != held)
		at = &(*at)->next_alike;
	*at = held->next_alike;
	*(held->older ? &held->older->newer : &oldest) = held->newer;
	*(held->newer ? &held->newer->older : &newest) = held->older;
	*(held->older_own ? &held->older_own->newer_own : &process->oldest) = held->newer_own;
	*(held->newer_own ? &held->newer_own->older_own : &process->newest) = held->older_own;
	process->held--;
	count--;
}

struct held *held_of_timer(struct timer *timer)
{
	return (struct held *)((char *)timer - offsetof(struct held, timer));
}

struct held *held_oldest(void)
{
	return oldest;
}

uint32_t held_count(void)
{
	return count;
}

/* --- whom to spare --- */

/* A FIN that is not acknowledged counts as one byte, and goes on without us. */
static int worth(const struct held *held)
{
	const struct drain *drain = &held->hold.drain;
	if (held->follows_until_us)
		return 2;
	return residue_any(&drain->residue) || drain_unsent(held->fd, &kernel_raw) > drain->half_closed;
}

struct held *held_to_spare(void)
{
	struct held *best = oldest, *one = oldest;
	int least = worth(best);
	for (int i = 1; least && i < CANDIDATES && (one = one->newer); i++)
		if (worth(one) < least) {
			best = one;
			least = worth(one);
		}
	return best;
}

struct held *held_to_spare_of(const struct process *process)
{
	struct held *best = process->oldest, *one = best;
	int least = worth(best);
	for (int i = 1; least && i < CANDIDATES && (one = one->newer_own); i++)
		if (worth(one) < least) {
			best = one;
			least = worth(one);
		}
	return best;
}
