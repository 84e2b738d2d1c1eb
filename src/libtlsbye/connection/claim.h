/* SPDX-License-Identifier: MIT */
/*
 * The one atomic word that says who is inside a connection's SSL: the program's SSL_* calls count themselves in and
 * out, whoever says close_notify takes the word only while the count is zero, and whoever comes meanwhile waits on a futex for the
 * microseconds that a close_notify takes.
 *
 * Not a mutex: programs read and write one SSL from two threads, one of them blocked in SSL_read for hours.
 *
 * Rules: whoever holds the word has signals blocked: a handler that enters
 * would wait for its own thread. claim_take is async-signal-safe; it never waits.
 */
#ifndef TLSBYE_CLAIM_H
#define TLSBYE_CLAIM_H

#include "event_table.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct claim {
	_Atomic uint32_t word;
};

enum {
	CLAIM_LOOK = 1u << 31, /* one of the bits below is set: the sign, so that entering costs one test */
	CLAIM_SPEAKING = 1u << 30, /* close_notify is being said */
	CLAIM_NEW = 1u << 29,      /* nobody of this process entered yet */
	CLAIM_FORKED = 1u << 28,   /* this process has put nothing on the wire since the last fork (P7) */
	CLAIM_PENDING = 1u << 27,  /* a write was left half-done: each call looks whether it is made good */
	CLAIM_LEARNING =
		1u
		<< 26, /* the socket is not known: each call looks at the I/O that it does (learn_socket.h) */
	CLAIM_SHAKING = 1u << 25, /* the handshake is not over: each call looks whether it is (handshake.h) */
	CLAIM_FOLLOWS =
		1u << 24, /* the socket is gone, close_notify is not said: the next call says it (follow.h) */
	CLAIM_INSIDE = (1u << 24) - 1,
};

/* Counts a call in unless one of these marks stands: then the caller enters slowly. */
static inline bool claim_enter_unless(struct claim *claim, uint32_t marks)
{
	if (__builtin_expect(!(atomic_fetch_add_explicit(&claim->word, 1, memory_order_acquire) & marks),
			     true))
		return true;
	atomic_fetch_sub_explicit(&claim->word, 1, memory_order_release);
	return false;
}

/* The same where nothing at all is to be looked at: the one test is of the sign, which comes with the sum. */
static inline bool claim_enter_fast(struct claim *claim)
{
	if (__builtin_expect((int32_t)__atomic_add_fetch((uint32_t *)&claim->word, 1, __ATOMIC_ACQUIRE) >= 0,
			     true))
		return true;
	__atomic_fetch_sub((uint32_t *)&claim->word, 1, __ATOMIC_RELEASE);
	return false;
}

/*
 * Counts a call in, after a close_notify that is under way. The marks as they were.
 */
uint32_t claim_enter(struct claim *claim);

static inline void claim_leave(struct claim *claim)
{
	__atomic_fetch_sub((uint32_t *)&claim->word, 1, __ATOMIC_RELEASE);
}

/* To say close_notify: takes the word if nobody is inside. */
bool claim_take(struct claim *claim);

/* As claim_take, for a caller that may wait: sleeps while another close_notify is under way; false if a call is. */
bool claim_take_after_close_notify(struct claim *claim);

/* Returns when no close_notify is under way: a close must not come while it is, on this descriptor (P6). */
void claim_await(struct claim *claim);

void claim_drop(struct claim *claim);

/* Sets or clears NEW, FORKED, PENDING, LEARNING or SHAKING. The word as it was. */
uint32_t claim_mark(struct claim *claim, uint32_t mark);
uint32_t claim_unmark(struct claim *claim, uint32_t mark);

static inline bool claim_is_marked(const struct claim *claim, uint32_t mark)
{
	return atomic_load(&claim->word) & mark;
}

static inline bool claim_is_entered(const struct claim *claim)
{
	return atomic_load(&claim->word) & CLAIM_INSIDE;
}

/*
 * Why the claim cannot be had: SOMEBODY_INSIDE; CALL_UNRETURNED where the process has one thread, so that it is this one's own
 * call that counts itself in: under a handler or a callback, left by siglongjmp(), or on another stack. MAY_SPEAK: nobody
 * is inside.
 */
enum reason claim_why_entered(const struct claim *claim);

#endif
