/* SPDX-License-Identifier: MIT */
/* See timers.h. */
#include "hub/timers.h"

#include <stdlib.h>

static struct timer **heap; /* from 1 */
static uint32_t count, room;

static void put(struct timer *timer, uint32_t place)
{
	heap[place] = timer;
	timer->place = place;
}

static void rise(struct timer *timer)
{
	uint32_t place = timer->place;
	for (; place > 1 && heap[place / 2]->at_us > timer->at_us; place /= 2)
		put(heap[place / 2], place);
	put(timer, place);
}

static void sink(struct timer *timer)
{
	uint32_t place = timer->place;
	for (;;) {
		uint32_t child = 2 * place;
		if (child < count && heap[child + 1]->at_us < heap[child]->at_us)
			child++;
		if (child > count || heap[child]->at_us >= timer->at_us)
			break;
		put(heap[child], place);
		place = child;
	}
	put(timer, place);
}

static bool make_room(void)
{
	if (count + 1 < room)
		return true;
	uint32_t more = room ? 2 * room : 64;
	struct timer **larger = realloc(heap, more * sizeof *larger);
	if (!larger)
		return false;
	heap = larger;
	room = more;
	return true;
}

bool timers_set(struct timer *timer, uint64_t at_us)
{
	if (!timer->place) {
		if (!make_room())
			return false;
		put(timer, ++count);
	}
	timer->at_us = at_us;
	rise(timer);
	sink(timer);
	return true;
}

void timers_stop(struct timer *timer)
{
	uint32_t place = timer->place;
	if (!place)
		return;
	timer->place = 0;
	struct timer *last = heap[count--];
	if (last == timer)
		return;
	put(last, place);
	rise(last);
	sink(last);
}

struct timer *timers_first(void)
{
	return count ? heap[1] : NULL;
}
