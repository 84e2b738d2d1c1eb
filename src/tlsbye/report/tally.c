/* SPDX-License-Identifier: MIT */
/*
 * Small counts: names and times.
 */
#include "tally.h"

#include <stdlib.h>
#include <string.h>

void tally_add(struct tally *tally, const char *name, uint64_t times)
{
	char *copy;

	for (size_t i = 0; i < tally->used; i++) {
		if (strcmp(tally->counts[i].name, name) == 0) {
			tally->counts[i].count += times;
			return;
		}
	}
	if (tally->used > TALLY_NAMES) {
		tally->counts[TALLY_NAMES].count += times;
		return;
	}
	copy = strdup(tally->used < TALLY_NAMES ? name : "others");
	if (copy)
		tally->counts[tally->used++] = (struct count){copy, times};
}

static int more_first(const void *a, const void *b)
{
	const struct count *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->name, y->name);
}

void tally_sort(struct tally *tally)
{
	qsort(tally->counts, tally->used, sizeof(tally->counts[0]), more_first);
}

void tally_free(struct tally *tally)
{
	for (size_t i = 0; i < tally->used; i++)
		free((char *)tally->counts[i].name);
	tally->used = 0;
}

void tally_times_add(struct times *times, int64_t us)
{
	int bucket = 0;

	while (bucket < TIME_BUCKETS - 1 && us >= (int64_t)1 << bucket)
		bucket++;
	times->buckets[bucket]++;
	times->count++;
}
