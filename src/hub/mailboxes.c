/* SPDX-License-Identifier: MIT */
/*
 * See mailboxes.h. The kernel refuses F_SEAL_WRITE (EBUSY) while somebody has the memfd mapped for writing, and lets nobody
 * map it so when it is set: so where it succeeds, nothing more can come.
 */
#include "hub/mailboxes.h"

#include "hub/hub_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAILBOXES_MAX = 1024, OF_A_PROCESS_MAX = 4, LOOK_SOON_US = 25 * 1000, LOOK_LATE_US = 200 * 1000 };

struct held_mailbox {
	struct held_mailbox *next;
	pid_t pid; /* of who gave it; others may have inherited it */
	int fd;
	uint32_t first; /* the slot after the one that was read last */
	uint32_t lost;  /* as it said the last time */
};

/* struct mailbox, up to its lines, as it is read. */
struct mailbox_head {
	uint32_t lost, next, lengths[MAILBOX_LINES];
};
_Static_assert(sizeof(struct mailbox_head) == offsetof(struct mailbox, lines), "read as it is written");

static struct held_mailbox *all;
static unsigned count, most;
static uint64_t lost, look_us, wait_us = LOOK_SOON_US;

void mailboxes_begin(unsigned descriptors)
{
	most = descriptors / 4 < MAILBOXES_MAX ? descriptors / 4 : MAILBOXES_MAX;
}

static bool is_mailbox(int fd)
{
	struct stat status;
	int seals = fcntl(fd, F_GET_SEALS), wanted = F_SEAL_SHRINK | F_SEAL_GROW;
	return seals >= 0 && (seals & (wanted | F_SEAL_SEAL)) == wanted && fstat(fd, &status) == 0 &&
	       S_ISREG(status.st_mode) && status.st_size == sizeof(struct mailbox);
}

static unsigned count_of(pid_t pid)
{
	unsigned found = 0;
	for (const struct held_mailbox *one = all; one; one = one->next)
		found += one->pid == pid;
	return found;
}

enum message_fault mailboxes_take(pid_t pid, int fd)
{
	bool good = is_mailbox(fd);
	struct held_mailbox *one =
		good && count < most && count_of(pid) < OF_A_PROCESS_MAX ? malloc(sizeof *one) : NULL;
	if (!one) {
		close(fd);
		return good ? MESSAGE_NO_ROOM : MESSAGE_BAD_DESCRIPTORS;
	}
	*one = (struct held_mailbox){.next = all, .pid = pid, .fd = fd};
	all = one;
	count++;
	look_us = 0;
	return MESSAGE_GOOD;
}

static void take_line(const struct held_mailbox *one, uint32_t slot, uint32_t length)
{
	static char line[LINE_MAX_BYTES];
	off_t where = (off_t)(offsetof(struct mailbox, lines) + slot * sizeof line);
	if (length <= sizeof line && pread(one->fd, line, length, where) == (ssize_t)length &&
	    message_check_line(line, length) == MESSAGE_GOOD)
		hub_log_line(line, length);
	else
		lost++;
}

/* The line was read before this: whoever gets the slot writes over it. */
static bool set_free(const struct held_mailbox *one, uint32_t slot)
{
	const uint32_t free_word = MAILBOX_FREE;
	off_t where = (off_t)(offsetof(struct mailbox, lengths) + slot * sizeof free_word);
	atomic_thread_fence(memory_order_seq_cst);
	return pwrite(one->fd, &free_word, sizeof free_word, where) == sizeof free_word;
}

/* The count of lines, or -1: it is of no use any more. */
static int take_lines(struct held_mailbox *one, bool for_the_last_time)
{
	struct mailbox_head head;
	uint32_t first = one->first;
	int taken = 0;
	if (pread(one->fd, &head, sizeof head, 0) != sizeof head)
		return -1;
	atomic_thread_fence(memory_order_seq_cst); /* what was published before is read after */
	lost += head.lost - one->lost;
	one->lost = head.lost;
	for (uint32_t i = 0; i < MAILBOX_LINES; i++) {
		uint32_t slot = (first + i) % MAILBOX_LINES;
		if (head.lengths[slot] <= MAILBOX_WRITING)
			continue;
		take_line(one, slot, head.lengths[slot]);
		if (!for_the_last_time && !set_free(one, slot))
			return -1;
		one->first = slot + 1;
		taken++;
	}
	return taken;
}

/* Of whom: 0 for all. How many lines? */
static int look_at(pid_t pid)
{
	int found = 0;
	for (struct held_mailbox **at = &all, *one; (one = *at) != NULL;) {
		if (pid && one->pid != pid) {
			at = &one->next;
			continue;
		}
		bool mapped = fcntl(one->fd, F_ADD_SEALS, F_SEAL_WRITE) != 0 && errno == EBUSY;
		int taken = take_lines(one, !mapped);
		found += taken > 0 ? taken : 0;
		if (mapped && taken >= 0) {
			at = &one->next;
			continue;
		}
		*at = one->next;
		close(one->fd);
		free(one);
		count--;
	}
	return found;
}

uint64_t mailboxes_look(uint64_t now_us)
{
	if (all && now_us >= look_us) {
		uint64_t later = 2 * wait_us < LOOK_LATE_US ? 2 * wait_us : LOOK_LATE_US;
		wait_us = look_at(0) ? LOOK_SOON_US : later;
		look_us = now_us + wait_us;
	}
	return all ? look_us : UINT64_MAX;
}

void mailboxes_take_all(void)
{
	look_at(0);
}

void mailboxes_take_all_of(pid_t pid)
{
	look_at(pid);
}

unsigned mailboxes_count(void)
{
	return count;
}

uint64_t mailboxes_lost(void)
{
	return lost;
}
