/* SPDX-License-Identifier: MIT */
/* See epoll_sets.h. */
#include "connection/epoll_sets.h"

#include "connection/descriptors.h"
#include "connection/records.h"

bool epoll_sets_knows(int epfd)
{
	return (unsigned)epfd < DESCRIPTOR_LIMIT && atomic_load(&descriptors_slots[epfd]) == SLOT_EPOLL;
}

void epoll_sets_seen(int epfd)
{
	if ((unsigned)epfd >= DESCRIPTOR_LIMIT)
		return;
	descriptors_note_highest(epfd);
	/* Whatever stood there was closed where no hook saw it: epoll_ctl took the number for a set. */
	uint32_t slot = atomic_exchange(&descriptors_slots[epfd], SLOT_EPOLL);
	struct connection *gone = descriptors_in_slot(slot);
	if (gone) {
		atomic_fetch_sub(&gone->socket.descriptors, 1);
		records_unref(gone);
	}
}
