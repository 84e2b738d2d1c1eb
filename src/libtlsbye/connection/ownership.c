/* SPDX-License-Identifier: MIT */
/*
 * See ownership.h. The holders of a forked connection share a slot in shared memory (fork_slots.h). Processes are numbered
 * there, because a pid means nothing in another namespace.
 */
#include "connection/ownership.h"

#include "connection/fork_slots.h"
#include "sys/process.h"

static uint32_t number; /* of the process among its relatives; 0 before the first fork */

/* One process reads and the other writes, as two halves of one client: a half-close and a drain would rob the reader. */
static bool another_reads(const struct fork_slot *slot)
{
	uint32_t reader = atomic_load(&slot->reader);
	return reader != NOBODY_YET && reader != number;
}

bool ownership_owns_shared(const struct connection *c)
{
	struct fork_slot *slot = atomic_load(&c->slot);
	if (!slot)
		return true;
	uint32_t speaker = atomic_load(&slot->speaker);
	bool alone = atomic_load(&slot->holders) == 1;
	return speaker == NOBODY_YET ? alone : speaker == number && (alone || !another_reads(slot));
}

void ownership_ends(struct connection *c)
{
	struct fork_slot *slot = atomic_load(&c->slot);
	if (slot)
		atomic_store(&slot->ended, 1);
}

bool ownership_was_ended(const struct connection *c)
{
	struct fork_slot *slot = atomic_load(&c->slot);
	return slot && atomic_load(&slot->ended);
}

bool ownership_shares(const struct connection *c)
{
	struct fork_slot *slot = atomic_load(&c->slot);
	return slot && (atomic_load(&slot->holders) > 1 || atomic_load(&c->has_relatives));
}

static void note(_Atomic uint32_t *who)
{
	uint32_t before = NOBODY_YET;
	if (!atomic_compare_exchange_strong(who, &before, number) && before != number)
		atomic_store(who, SEVERAL);
}

/* The mark first: a fork in between marks it again, and whoever is inside then has spoken. */
void ownership_speaks(struct connection *c)
{
	struct fork_slot *slot = atomic_load(&c->slot);
	claim_unmark(&c->claim, CLAIM_FORKED);
	if (slot)
		note(&slot->speaker);
}

void ownership_reads(struct connection *c)
{
	struct fork_slot *slot = atomic_load(&c->slot);
	if (slot)
		note(&slot->reader);
}

/* A BIO that the program has put in the place of another has counted for itself: its first figure is no news. */
static bool has_grown(struct bio_count *count, BIO *bio, uint64_t now)
{
	uint64_t before = atomic_exchange(&count->bytes, now);
	return atomic_exchange(&count->bio, bio) == bio && bio && before != now;
}

/*
 * By the BIO's count, not by what the call returns: a read may answer a KeyUpdate, or send an alert; SSL_shutdown may be a
 * pretence; a write that finds no room has used up a number, but nobody has heard of it.
 */
void ownership_look(struct connection *c)
{
	SSL *ssl = atomic_load(&c->ssl);
	struct fork_slot *slot = atomic_load(&c->slot);
	if (!ssl || !slot)
		return;
	BIO *in = c->lib->SSL_get_rbio(ssl), *out = c->lib->SSL_get_wbio(ssl);
	if (has_grown(&c->since_fork.in, in, in ? c->lib->BIO_number_read(in) : 0))
		note(&slot->reader);
	if (has_grown(&c->since_fork.out, out, out ? c->lib->BIO_number_written(out) : 0))
		ownership_speaks(c);
}

void ownership_look_anew(struct connection *c)
{
	atomic_store(&c->since_fork.in.bio, NULL);
	atomic_store(&c->since_fork.out.bio, NULL);
}

void ownership_lets_go(struct connection *c, bool said)
{
	struct fork_slot *slot = atomic_exchange(&c->slot, NULL);
	if (!slot)
		return;
	uint32_t reader = number;
	if (said) {
		atomic_store(&slot->speaker, SEVERAL);
		atomic_store(&slot->ended, 1);
	}
	atomic_compare_exchange_strong(&slot->reader, &reader, NOBODY_YET);
	fork_slots_let_go(slot);
}

void ownership_lets_go_unspoken(struct connection *c)
{
	/* Whoever has spoken since the fork remains the one who did: the others stay silent in any case. */
	bool unspoken = atomic_load(&c->slot) && claim_is_marked(&c->claim, CLAIM_FORKED);
	if (!unspoken || ownership_owns(c)) /* nobody else is there any more, whom it would hand it to */
		return;
	atomic_store(&c->released.not_ours, true);
	ownership_lets_go(c, false);
}

bool ownership_any_shared(void)
{
	return fork_slots_any();
}

/* --- the fork handlers' --- */

static void take_number(void)
{
	number = fork_slots_number();
}

static _Atomic bool children;

void ownership_note_child(void)
{
	atomic_store(&children, true);
}

bool ownership_has_children(void)
{
	return atomic_load(&children);
}

/* How many forks have begun, and come back; and the number of this thread's. */
static _Atomic uint32_t begun, back;
static _Thread_local uint32_t own_fork;
static _Thread_local struct ownership_attempt *under_way;

void ownership_before_fork(void)
{
	own_fork = atomic_fetch_add(&begun, 1) + 1;
	ownership_note_child();
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
	atomic_store(&children, false);
	atomic_store(&back, atomic_load(&begun));
}

bool ownership_fork_shares(void)
{
	if (!process_is_original() || !fork_slots_begin())
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
	fork_slots_let_go(slot);
	atomic_store(&c->slot, fork_slots_new());
}

static struct fork_slot *slot_to_share(struct connection *c, bool ours)
{
	struct fork_slot *slot = atomic_load(&c->slot);
	if (!slot) {
		atomic_store(&c->has_relatives, false);
		atomic_store(&c->slot, fork_slots_new());
	} else if (ours && atomic_load(&slot->holders) > 1) {
		leave_to_relatives(c, slot);
	} else if (!ours && atomic_load(&slot->speaker) == number) {
		atomic_store(&slot->speaker,
			     SEVERAL); /* another reads; after this fork our word is old, too */
	}
	return atomic_load(&c->slot);
}

/*
 * Before the fork: the child is counted as a holder already, so that a parent that is faster sees it. The mark comes last, and
 * before the fork: whoever enters after it looks whether it speaks, and whoever is inside at that moment counts as speaking, and
 * will be in the parent. A slot that was emptied after the mark would forget who has entered in between.
 */
void ownership_share(struct connection *c)
{
	if (!atomic_load(&c->ssl) && !atomic_load(&c->socket.descriptors))
		return;
	bool ours = ownership_owns(c);
	struct fork_slot *slot = slot_to_share(c, ours);
	if (!slot) {
		atomic_store(&c->released.not_ours,
			     true); /* nothing can tell the two apart: both stay silent */
		return;
	}
	if (ours) {
		atomic_store(&slot->speaker, NOBODY_YET);
		atomic_store(&slot->reader, NOBODY_YET);
	}
	ownership_look_anew(c);
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
		fork_slots_let_go(slot);
}

void ownership_child_after_fork(void)
{
	take_number();
}
