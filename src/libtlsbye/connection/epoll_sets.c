/* SPDX-License-Identifier: MIT */
/* See epoll_sets.h. */
#include "connection/epoll_sets.h"

#include "connection/descriptors.h"
#include "connection/records.h"

bool epoll_sets_knows(int epfd)
{
	return (unsigned)epfd < DESCRIPTOR_LIMIT && atomic_load(&descriptors_slots[epfd]) == SLOT_EPOLL;
}

enum { EPOLL_SETS = 256 };
static _Atomic int epoll_sets[EPOLL_SETS]; /* descriptor + 1 */
static _Atomic uint32_t epoll_set_count;   /* ever used; more than EPOLL_SETS: not all known */

void epoll_sets_seen(int epfd)
{
	if ((unsigned)epfd >= DESCRIPTOR_LIMIT) {
		atomic_store(&epoll_set_count, EPOLL_SETS + 1);
		return;
	}
	descriptors_note_highest(epfd);
	/* Whatever stood there was closed where no hook saw it: epoll_ctl took the number for a set. */
	uint32_t slot = atomic_exchange(&descriptors_slots[epfd], SLOT_EPOLL);
	struct connection *gone = descriptors_in_slot(slot);
	if (gone) {
		atomic_fetch_sub(&gone->socket.descriptors, 1);
		records_unref(gone);
	}
	if (slot == SLOT_EPOLL)
		return;
	uint32_t used = atomic_load(&epoll_set_count);
	for (uint32_t i = 0; i < used && i < EPOLL_SETS; i++) {
		int stale = atomic_load(&epoll_sets[i]);
		bool reusable = stale == epfd + 1 || !epoll_sets_knows(stale - 1);
		if (reusable && atomic_compare_exchange_strong(&epoll_sets[i], &stale, epfd + 1))
			return;
	}
	uint32_t place = atomic_fetch_add(&epoll_set_count, 1);
	if (place < EPOLL_SETS)
		atomic_store(&epoll_sets[place], epfd + 1);
}

bool epoll_sets_all_known(void)
{
	return atomic_load(&epoll_set_count) <= EPOLL_SETS;
}

void epoll_sets_forget_socket(int fd)
{
	uint32_t count = atomic_load(&epoll_set_count);
	for (uint32_t i = 0; i < count && i < EPOLL_SETS; i++) {
		int epfd = atomic_load(&epoll_sets[i]) - 1;
		if (epfd >= 0 && atomic_load(&descriptors_slots[epfd]) == SLOT_EPOLL)
			real.epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL);
	}
}
