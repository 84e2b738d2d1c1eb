/* SPDX-License-Identifier: MIT */
/*
 * The program's descriptors, by number: which of them are tracked sockets, copies that may become some, or epoll sets.
 *
 * One array, read without a lock by every close; a slot is changed by an exchange, so that only one closer gets it. A
 * number whose file was closed where no hook saw it (fclose, a raw system call) stays until the number is seen again:
 * whoever acts on a descriptor checks the socket's identity first (socket_is_of).
 */
#include "connection/descriptors.h"

#include "connection/records.h"
#include "connection/socket.h"

_Atomic uint32_t descriptors_slots[DESCRIPTOR_LIMIT]; /* a record's index + 1, or SLOT_ */

_Atomic bool descriptors_any_tracked;

struct connection *descriptors_in_slot(uint32_t slot)
{
	return slot && slot < SLOT_OURS ? records_at(slot - 1) : NULL;
}

/* No number above was ever known: what walks them ends here. */
static _Atomic int highest_known = 2;

void descriptors_note_highest(int fd)
{
	int highest = atomic_load(&highest_known);
	while (fd > highest && !atomic_compare_exchange_weak(&highest_known, &highest, fd))
		continue;
}

static uint32_t slot_of(int fd)
{
	return (unsigned)fd < DESCRIPTOR_LIMIT ? atomic_load(&descriptors_slots[fd]) : 0;
}

bool descriptors_belong(const struct connection *c, int fd)
{
	return descriptors_in_slot(slot_of(fd)) == c;
}

int descriptors_any(const struct connection *c)
{
	int fd = atomic_load(&c->socket.fd), highest = atomic_load(&highest_known);
	if (descriptors_may_use(c, fd))
		return fd;
	if (!atomic_load(&c->socket.descriptors))
		return -1;
	for (fd = 0; fd <= highest; fd++)
		if (descriptors_belong(c, fd))
			return fd;
	return -1;
}

int descriptors_next_known(unsigned first, unsigned last)
{
	unsigned highest = (unsigned)atomic_load(&highest_known);
	for (unsigned fd = first; fd <= last && fd <= highest; fd++)
		if (descriptors_known((int)fd))
			return (int)fd;
	return -1;
}

/* Another thread may close the descriptor meanwhile: a reference counts only where the slot is the same after it. */
struct connection *descriptors_ref_connection(int fd)
{
	uint32_t slot = slot_of(fd);
	struct connection *c = descriptors_in_slot(slot);
	if (!c || !records_ref_if_used(c))
		return NULL;
	if (slot_of(fd) == slot)
		return c;
	records_unref(c);
	return NULL;
}

/* Who is being closed at this moment: in a fork child nobody is. Where there is no room, the number is not marked. */
enum { CLOSING = 32 };
static _Atomic int closing[CLOSING]; /* descriptor + 1 */

static uint32_t closing_mark(int fd)
{
	for (int i = 0; i < CLOSING; i++) {
		int nothing = 0;
		if (atomic_compare_exchange_strong(&closing[i], &nothing, fd + 1))
			return SLOT_CLOSING;
	}
	return 0;
}

static void closing_unmark(int fd)
{
	for (int i = 0; i < CLOSING; i++) {
		int marked = fd + 1;
		if (atomic_compare_exchange_strong(&closing[i], &marked, 0))
			return;
	}
}

struct connection *descriptors_take(int fd, bool *alone)
{
	uint32_t slot = atomic_load(&descriptors_slots[fd]), mark = 0, instead;
	do {
		if (slot == SLOT_CLOSING || slot == SLOT_OURS)
			break;
		if (descriptors_in_slot(slot) && !mark)
			mark = closing_mark(fd);
		instead = descriptors_in_slot(slot) ? mark : 0;
	} while (!atomic_compare_exchange_weak(&descriptors_slots[fd], &slot, instead));
	struct connection *c = descriptors_in_slot(slot);
	*alone = slot != SLOT_CLOSING && slot != SLOT_OURS;
	if (c)
		atomic_fetch_sub(&c->socket.descriptors, 1);
	else if (mark)
		closing_unmark(fd); /* the other closer was faster, and has its own mark */
	return c;
}

bool descriptors_drop(struct connection *c, int fd)
{
	uint32_t slot = c->index + 1;
	if (!atomic_compare_exchange_strong(&descriptors_slots[fd], &slot, 0))
		return false;
	atomic_fetch_sub(&c->socket.descriptors, 1);
	return true;
}

void descriptors_taken(int fd)
{
	uint32_t slot = SLOT_CLOSING;
	atomic_compare_exchange_strong(&descriptors_slots[fd], &slot, 0);
	closing_unmark(fd);
}

/*
 * Another SSL begins on the same socket: STARTTLS for the second time, or one datagram socket for many peers. What the
 * program has of the socket is the new one's, all of it: left behind, a copy would be half-closed as if it were the last.
 */
static void supersede(struct connection *from, struct connection *to)
{
	from->released.superseded = true;
	atomic_fetch_add(&to->socket.away, atomic_load(&from->socket.away));
	int last = atomic_load(&highest_known);
	for (int fd = 0; fd <= last && atomic_load(&from->socket.descriptors); fd++) {
		uint32_t slot = from->index + 1;
		records_ref(to);
		if (slot_of(fd) == slot &&
		    atomic_compare_exchange_strong(&descriptors_slots[fd], &slot, to->index + 1)) {
			atomic_fetch_add(&to->socket.descriptors, 1);
			atomic_fetch_sub(&from->socket.descriptors, 1);
			records_unref(from);
		} else {
			records_unref(to);
		}
	}
}

void descriptors_add(struct connection *c, int fd)
{
	if ((unsigned)fd >= DESCRIPTOR_LIMIT)
		return;
	/* Whoever stood there before had the same socket, or was closed where no hook saw it. */
	bool alone;
	struct connection *before = atomic_load(&descriptors_slots[fd]) ? descriptors_take(fd, &alone) : NULL;
	if (before) {
		descriptors_taken(fd);
		if (before != c && before->socket.cookie == c->socket.cookie)
			supersede(before, c);
		records_unref(before);
	}
	records_ref(c);
	atomic_store_explicit(&descriptors_any_tracked, true, memory_order_relaxed);
	atomic_fetch_add(&c->socket.descriptors, 1);
	descriptors_note_highest(fd);
	atomic_store(&descriptors_slots[fd], c->index + 1);
}

static _Atomic bool any_duplicate; /* was anything dup'ed before it became a tracked socket? */

/* What is still another connection's there was closed where no hook saw it: since then it may have been copied. */
static void adopt_duplicates(struct connection *c, int fd)
{
	bool marked = slot_of(fd) != 0;
	int last = marked ? atomic_load(&highest_known) : 2;
	for (int other = 0; other <= last; other++) {
		uint32_t slot = slot_of(other);
		bool candidate = slot == SLOT_DUPLICATE || (slot == 0 && other <= 2 && (marked || fd <= 2));
		if (other != fd && candidate && socket_is_of(c, other))
			descriptors_add(c, other);
	}
}

/* Others of the program's numbers may be the same socket: dup() came first, or inetd gave 0, 1 and 2. */
void descriptors_adopt_duplicates(struct connection *c, int fd)
{
	if (fd <= 2 || atomic_load_explicit(&any_duplicate, memory_order_relaxed))
		adopt_duplicates(c, fd);
}

void descriptors_duplicated(int from, int to)
{
	int pair[] = {from, to};
	for (int i = 0; i < 2; i++) {
		uint32_t nothing = 0;
		if ((unsigned)pair[i] >= DESCRIPTOR_LIMIT)
			return;
		atomic_compare_exchange_strong(&descriptors_slots[pair[i]], &nothing, SLOT_DUPLICATE);
		descriptors_note_highest(pair[i]);
	}
	atomic_store(&any_duplicate, true);
}

bool descriptors_may_use(const struct connection *c, int fd)
{
	return descriptors_belong(c, fd) || (c->socket.datagram && fd >= 0 && socket_is_of(c, fd));
}

static _Atomic bool any_async;

void descriptors_note_async(void)
{
	atomic_store(&any_async, true);
}

bool descriptors_any_async(void)
{
	return atomic_load_explicit(&any_async, memory_order_relaxed);
}

void descriptors_child_after_fork(void)
{
	for (int i = 0; i < CLOSING; i++) {
		int fd = atomic_exchange(&closing[i], 0) - 1;
		if (fd >= 0)
			atomic_store(&descriptors_slots[fd], 0);
	}
}
