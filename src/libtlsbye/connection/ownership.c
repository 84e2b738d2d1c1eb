/* SPDX-License-Identifier: MIT */
/*
 * See ownership.h. The holders of a forked connection share a slot in shared memory: how many they are, and which of them
 * has spoken since the fork. A slot is free again when its last holder let go. Processes are numbered there, because a
 * pid means nothing in another namespace.
 */
#include "connection/ownership.h"

#include "sys/process.h"

#include <sys/mman.h>

/* Who has spoken on the connection since the fork. */
enum { NOBODY_YET = 0, SEVERAL = UINT32_MAX };

struct fork_slot {
	_Atomic uint32_t holders;
	_Atomic uint32_t speaker; /* a process' number */
};

enum { SLOTS = 511, SLOT_PAGES = 64 };

struct slot_page {
	struct fork_slot slots[SLOTS];
	_Atomic uint32_t last_number; /* of a process of this family; used in the first page only */
};

static struct slot_page *pages[SLOT_PAGES]; /* written by the forking thread; inherited */
static unsigned page_count;
static uint32_t number; /* of the process among its relatives; 0 before the first fork */

static struct slot_page *add_page(void)
{
	if (page_count == SLOT_PAGES)
		return NULL;
	struct slot_page *page =
		mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return NULL;
	return pages[page_count++] = page;
}

static struct fork_slot *free_slot_in(struct slot_page *page)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		uint32_t nobody = 0;
		if (atomic_compare_exchange_strong(&page->slots[i].holders, &nobody, 1))
			return &page->slots[i];
	}
	return NULL;
}

/* Relatives take slots from the same pages at the same time: hence the exchange. */
static struct fork_slot *new_slot(void)
{
	struct fork_slot *slot = NULL;
	for (unsigned i = 0; i < page_count && !slot; i++)
		slot = free_slot_in(pages[i]);
	struct slot_page *page = slot ? NULL : add_page();
	if (page)
		slot = free_slot_in(page);
	if (slot)
		atomic_store(&slot->speaker, NOBODY_YET);
	return slot;
}

bool ownership_owns_shared(const struct connection *c)
{
	struct fork_slot *slot = atomic_load(&c->slot);
	if (!slot)
		return true;
	uint32_t speaker = atomic_load(&slot->speaker);
	return speaker == NOBODY_YET ? atomic_load(&slot->holders) == 1 : speaker == number;
}

bool ownership_shares(const struct connection *c)
{
	struct fork_slot *slot = atomic_load(&c->slot);
	return slot && (atomic_load(&slot->holders) > 1 || atomic_load(&c->has_relatives));
}

void ownership_speaks(struct connection *c)
{
	struct fork_slot *slot = atomic_load(&c->slot);
	uint32_t speaker = NOBODY_YET;
	if (slot && !atomic_compare_exchange_strong(&slot->speaker, &speaker, number) && speaker != number)
		atomic_store(&slot->speaker, SEVERAL);
}

void ownership_lets_go(struct connection *c, bool said)
{
	struct fork_slot *slot = atomic_exchange(&c->slot, NULL);
	if (!slot)
		return;
	if (said)
		atomic_store(&slot->speaker, SEVERAL);
	atomic_fetch_sub(&slot->holders, 1);
}

void ownership_lets_go_unspoken(struct connection *c)
{
	/* Whoever has spoken since the fork remains the one who did: the others stay silent in any case. */
	if (!atomic_load(&c->slot) || !claim_is_marked(&c->claim, CLAIM_FORKED))
		return;
	atomic_store(&c->released.not_ours, true);
	ownership_lets_go(c, false);
}

bool ownership_any_shared(void)
{
	return page_count != 0;
}

/* --- the fork handlers' --- */

static void take_number(void)
{
	number = page_count ? atomic_fetch_add(&pages[0]->last_number, 1) + 1 : 0;
}

/* How many forks have begun, and come back; and the number of this thread's. */
static _Atomic uint32_t begun, back;
static _Thread_local uint32_t own_fork;
static _Thread_local struct ownership_attempt *under_way;

void ownership_before_fork(void)
{
	own_fork = atomic_fetch_add(&begun, 1) + 1;
	if (!under_way)
		return; /* daemon(), forkpty() */
	under_way->fork = own_fork;
	under_way->forks++;
	under_way->alone = atomic_load(&back) == own_fork - 1;
}

void ownership_after_fork(void)
{
	atomic_fetch_add(&back, 1);
}

void ownership_begin_anew(void)
{
	atomic_store(&back, atomic_load(&begun));
}

bool ownership_fork_shares(void)
{
	if (!process_is_original() || (!page_count && !add_page()))
		return false;
	if (!number)
		take_number();
	return true;
}

/*
 * We have spoken since an earlier fork, whose children hold the connection still: their keys are those of before, so they may
 * never speak, whoever of us and the new child does. So the two of us leave the slot to them.
 */
static void leave_to_relatives(struct connection *c, struct fork_slot *slot)
{
	atomic_store(&c->has_relatives, true);
	atomic_store(&slot->speaker, SEVERAL);
	atomic_fetch_sub(&slot->holders, 1);
	atomic_store(&c->slot, new_slot());
}

static struct fork_slot *slot_to_share(struct connection *c, bool ours)
{
	struct fork_slot *slot = atomic_load(&c->slot);
	if (!slot) {
		atomic_store(&c->has_relatives, false);
		atomic_store(&c->slot, new_slot());
	} else if (ours && atomic_load(&slot->holders) > 1) {
		leave_to_relatives(c, slot);
	}
	return atomic_load(&c->slot);
}

/*
 * Before the fork: the child is counted as a holder already, so that a parent that is faster sees it. The mark comes last, and
 * before the fork: whoever enters after it says that this process speaks, and whoever is inside at that moment is speaking, and
 * will be in the parent. A slot that was emptied after the mark would forget who has entered in between.
 */
void ownership_share(struct connection *c)
{
	if (!atomic_load(&c->ssl))
		return;
	bool ours = ownership_owns(c);
	struct fork_slot *slot = slot_to_share(c, ours);
	if (!slot) {
		atomic_store(&c->released.not_ours,
			     true); /* nothing can tell the two apart: both stay silent */
		return;
	}
	if (ours)
		atomic_store(&slot->speaker, NOBODY_YET);
	atomic_fetch_add(&slot->holders, 1);
	atomic_store(&c->shared_by, own_fork);
	bool inside = claim_mark(&c->claim, CLAIM_FORKED) & CLAIM_INSIDE;
	if (ours && inside)
		ownership_speaks(c);
}

/* A handler may have forked in the middle of it, by daemon(): then there are two numbers, and only one is known. */
struct ownership_attempt *ownership_attempt_begins(struct ownership_attempt *attempt)
{
	struct ownership_attempt *outer = under_way;
	under_way = attempt;
	return outer;
}

void ownership_attempt_ends(struct ownership_attempt *outer)
{
	under_way = outer;
}

bool ownership_may_unshare(const struct ownership_attempt *attempt)
{
	return attempt->forks == 1 && attempt->alone && atomic_load(&begun) == attempt->fork;
}

/*
 * Let go of by another thread in between, it has no slot any more, and that one is lost. Begun in between, it has none yet:
 * only a fork gives it one.
 */
void ownership_unshare(struct connection *c, const struct ownership_attempt *attempt)
{
	struct fork_slot *slot = atomic_load(&c->slot);
	if (slot && atomic_load(&c->shared_by) == attempt->fork)
		atomic_fetch_sub(&slot->holders, 1);
}

void ownership_child_after_fork(void)
{
	take_number();
}
