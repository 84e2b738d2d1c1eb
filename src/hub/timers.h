/* SPDX-License-Identifier: MIT */
/*
 * When to look again at what: a binary heap, so that ten thousand holds cost no scan. A timer is part of what it is for.
 *
 * Rules: a timer that is not set has the place 0. Times are microseconds of CLOCK_MONOTONIC.
 */
#ifndef TLSBYE_TIMERS_H
#define TLSBYE_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

struct timer {
	uint64_t at_us;
	uint32_t place; /* in the heap, from 1 */
};

/* Sets it, or moves it. False: no memory, and it is not set. */
bool timers_set(struct timer *timer, uint64_t at_us);
void timers_stop(struct timer *timer);

/* The one that is due first, or NULL. */
struct timer *timers_first(void);

#endif
