/* SPDX-License-Identifier: MIT */
/*
 * The slow side of the claim (claim.h): waiting, and the marks.
 */
#include "connection/claim.h"

#include "sys/futex.h"
#include "sys/process.h"

/*
 * A close_notify takes microseconds. A sleeper looks again so often, and gives up after so many looks: whatever went wrong
 * with it, the host does not wait for it for ever (P9).
 */
enum { LOOK_AGAIN_MS = 100, LOOKS = 50 };

/* Whoever sleeps for any claim: nearly always nobody, who need not be woken. */
static _Atomic uint32_t sleepers;

static void wait_for_speaker(struct claim *claim)
{
	atomic_fetch_add(&sleepers, 1);
	for (int look = 0; look < LOOKS; look++) {
		uint32_t now = atomic_load_explicit(&claim->word, memory_order_acquire);
		if (!(now & CLAIM_SPEAKING))
			break;
		futex_wait(&claim->word, now, LOOK_AGAIN_MS);
	}
	atomic_fetch_sub(&sleepers, 1);
}

/* LOOK stands exactly while one of the others does. */
static uint32_t with_look(uint32_t word)
{
	uint32_t marks = CLAIM_SPEAKING | CLAIM_NEW | CLAIM_FORKED | CLAIM_PENDING | CLAIM_LEARNING |
			 CLAIM_SHAKING | CLAIM_FOLLOWS;
	return word & marks ? word | CLAIM_LOOK : word & ~CLAIM_LOOK;
}

static uint32_t change(struct claim *claim, uint32_t set, uint32_t clear)
{
	uint32_t before = atomic_load(&claim->word);
	while (!atomic_compare_exchange_weak(&claim->word, &before, with_look((before | set) & ~clear)))
		continue;
	return before;
}

uint32_t claim_enter(struct claim *claim)
{
	/*
	 * Counted in first: that keeps the next close_notify out. The one that is inside ends soon, because it never
	 * blocks.
	 */
	uint32_t marks = atomic_fetch_add_explicit(&claim->word, 1, memory_order_acquire);
	if (marks & CLAIM_SPEAKING) {
		wait_for_speaker(claim);
		marks = atomic_load(&claim->word);
	}
	return marks;
}

bool claim_take(struct claim *claim)
{
	uint32_t now = atomic_load(&claim->word);
	while (!(now & (CLAIM_INSIDE | CLAIM_SPEAKING)))
		if (atomic_compare_exchange_weak(&claim->word, &now, with_look(now | CLAIM_SPEAKING)))
			return true;
	return false;
}

void claim_await(struct claim *claim)
{
	if (atomic_load(&claim->word) & CLAIM_SPEAKING)
		wait_for_speaker(claim);
}

bool claim_take_after_close_notify(struct claim *claim)
{
	if (claim_take(claim))
		return true;
	wait_for_speaker(claim);
	return claim_take(claim);
}

void claim_drop(struct claim *claim)
{
	change(claim, 0, CLAIM_SPEAKING);
	if (atomic_load(&sleepers))
		futex_wake(&claim->word);
}

uint32_t claim_mark(struct claim *claim, uint32_t mark)
{
	return change(claim, mark, 0);
}

uint32_t claim_unmark(struct claim *claim, uint32_t mark)
{
	return change(claim, 0, mark);
}

enum reason claim_why_entered(const struct claim *claim)
{
	if (!claim_is_entered(claim))
		return MAY_SPEAK;
	return process_has_one_thread() ? CALL_UNRETURNED : SOMEBODY_INSIDE;
}
