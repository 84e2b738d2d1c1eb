/* SPDX-License-Identifier: MIT */
/* See mailbox_slots.h. */
#include "connection/mailbox_slots.h"

#include <stdatomic.h>
#include <string.h>

/* The length is published after the line, and the next slot before both: whoever comes next tries that one first. */
bool mailbox_slots_put(struct mailbox *mailbox, const char *line, size_t length)
{
	if (length <= MAILBOX_WRITING || length > LINE_MAX_BYTES)
		return false;
	uint32_t first = atomic_load(&mailbox->next);
	for (uint32_t i = 0; i < MAILBOX_LINES; i++) {
		uint32_t slot = (first + i) % MAILBOX_LINES, unused = MAILBOX_FREE;
		if (!atomic_compare_exchange_strong(&mailbox->lengths[slot], &unused, MAILBOX_WRITING))
			continue;
		atomic_store(&mailbox->next, slot + 1);
		memcpy(mailbox->lines[slot], line, length);
		atomic_store(&mailbox->lengths[slot], (uint32_t)length);
		return true;
	}
	atomic_fetch_add(&mailbox->lost, 1);
	return false;
}
