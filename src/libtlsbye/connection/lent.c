/* SPDX-License-Identifier: MIT */
/* See lent.h. */
#include "connection/lent.h"

#include "sys/clock.h"
#include "sys/futex.h"

/* How many are under way, and, in the upper half, how many forks; a fork waits for them, and they for it. */
enum { FORK = 1 << 16, FORKING = 0x7fff * FORK, WAIT_MS = 100 };
static _Atomic uint32_t under_way;
static _Atomic uint32_t sleepers; /* nearly always nobody, who need not be woken */

static void sleep_while(uint32_t now, unsigned milliseconds)
{
	atomic_fetch_add(&sleepers, 1);
	futex_wait(&under_way, now, milliseconds);
	atomic_fetch_sub(&sleepers, 1);
}

static void wake(void)
{
	if (atomic_load(&sleepers))
		futex_wake(&under_way);
}

/* Counted in first: a fork that begins after it waits, and one that began before it is seen. */
void lent_begin(void)
{
	uint64_t until = 0;
	while (atomic_fetch_add(&under_way, 1) & FORKING) {
		until = until ? until : clock_us() + WAIT_MS * 1000;
		if (clock_us() >= until)
			break;
		uint32_t now = atomic_fetch_sub(&under_way, 1) - 1;
		wake();
		if (now & FORKING)
			sleep_while(now, WAIT_MS);
	}
}

void lent_end(void)
{
	atomic_fetch_sub(&under_way, 1);
	wake();
}

void lent_mark(int fd)
{
	if ((unsigned)fd < DESCRIPTOR_LIMIT)
		atomic_store(&descriptors_slots[fd], SLOT_OURS);
}

/*
 * The close comes before the mark goes: whoever got the number again meanwhile and closes it waits for an instant; the
 * other way round our close would hit what a dup2 has put there.
 */
void lent_close(int fd)
{
	uint32_t slot = SLOT_OURS;
	if (fd < 0)
		return;
	real.close(fd);
	if ((unsigned)fd < DESCRIPTOR_LIMIT)
		atomic_compare_exchange_strong(&descriptors_slots[fd], &slot, 0);
}

void lent_await_close(int fd)
{
	uint64_t until = clock_us() + WAIT_MS * 1000;
	while (lent_is(fd) && clock_us() < until) {
		uint32_t now = atomic_load(&under_way);
		if (now)
			sleep_while(now, 1);
	}
}

void lent_before_fork(void)
{
	uint32_t now = atomic_fetch_add(&under_way, FORK) + FORK;
	uint64_t until = clock_us() + WAIT_MS * 1000;
	for (; now & ~FORKING && clock_us() < until; now = atomic_load(&under_way))
		sleep_while(now, WAIT_MS);
}

void lent_after_fork(void)
{
	atomic_fetch_sub(&under_way, FORK);
	wake();
}

void lent_child_after_fork(void)
{
	atomic_store(&under_way, 0);
	atomic_store(&sleepers, 0);
}
