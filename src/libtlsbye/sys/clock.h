/* SPDX-License-Identifier: MIT */
/* The two clocks. Async-signal-safe. */
#ifndef TLSBYE_CLOCK_H
#define TLSBYE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_us_of(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Microseconds of the monotonic clock, which all processes of a machine share. */
static inline uint64_t clock_us(void)
{
	return clock_us_of(CLOCK_MONOTONIC);
}

/* Microseconds since the epoch: for events. */
static inline uint64_t clock_of_day_us(void)
{
	return clock_us_of(CLOCK_REALTIME);
}

#endif
