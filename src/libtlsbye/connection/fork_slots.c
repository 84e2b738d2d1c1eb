/* SPDX-License-Identifier: MIT */
/* See fork_slots.h. */
#include "connection/fork_slots.h"

#include <stddef.h>
#include <sys/mman.h>

/* 340 slots at first; together more than there can be records (records.c). */
enum { FIRST_PAGE = 4096, PAGES = 13 };

struct slot_page {
	_Atomic uint32_t taken;
	_Atomic uint32_t last_number; /* of a process of this family; used in the first page only */
	struct fork_slot slots[];
};

static struct slot_page *pages[PAGES]; /* written by the forking thread; inherited */
static uint32_t go_on[PAGES];          /* where a search goes on */
static unsigned page_count;

static size_t bytes_of(unsigned page)
{
	return (size_t)FIRST_PAGE << page;
}

static uint32_t slots_of(unsigned page)
{
	return (uint32_t)((bytes_of(page) - sizeof(struct slot_page)) / sizeof(struct fork_slot));
}

static bool add_page(void)
{
	if (page_count == PAGES)
		return false;
	void *page =
		mmap(NULL, bytes_of(page_count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return false;
	pages[page_count++] = page;
	return true;
}

static struct fork_slot *take_from(unsigned page)
{
	uint32_t size = slots_of(page);
	for (uint32_t steps = 0; steps < size; steps++) {
		struct fork_slot *slot = &pages[page]->slots[go_on[page]];
		uint32_t nobody = atomic_load(&slot->holders);
		go_on[page] = (go_on[page] + 1) % size;
		if (nobody || !atomic_compare_exchange_strong(&slot->holders, &nobody, 1))
			continue;
		atomic_fetch_add(&pages[page]->taken, 1);
		return slot;
	}
	return NULL;
}

/* The last free ones of a large page would have to be looked for: while there can be another page they are left alone. */
static struct fork_slot *take_where_more_than(uint32_t eighths)
{
	struct fork_slot *slot = NULL;
	for (unsigned i = 0; i < page_count && !slot; i++)
		if (slots_of(i) - atomic_load(&pages[i]->taken) > slots_of(i) / 8 * eighths)
			slot = take_from(i);
	return slot;
}

struct fork_slot *fork_slots_new(void)
{
	struct fork_slot *slot = take_where_more_than(1);
	if (!slot)
		slot = add_page() ? take_from(page_count - 1) : take_where_more_than(0);
	if (!slot)
		return NULL;
	atomic_store(&slot->speaker, NOBODY_YET);
	atomic_store(&slot->reader, NOBODY_YET);
	atomic_store(&slot->ended, 0);
	return slot;
}

static bool holds(unsigned page, const struct fork_slot *slot)
{
	return slot >= pages[page]->slots && slot < pages[page]->slots + slots_of(page);
}

/* The holder goes first: a relative may take the slot before it is counted out, and `taken` is rather too high than too low. */
void fork_slots_let_go(struct fork_slot *slot)
{
	if (atomic_fetch_sub(&slot->holders, 1) != 1)
		return;
	for (unsigned i = 0; i < page_count; i++)
		if (holds(i, slot))
			atomic_fetch_sub(&pages[i]->taken, 1);
}

bool fork_slots_any(void)
{
	return page_count != 0;
}

bool fork_slots_begin(void)
{
	return page_count || add_page();
}

uint32_t fork_slots_number(void)
{
	return page_count ? atomic_fetch_add(&pages[0]->last_number, 1) + 1 : 0;
}
