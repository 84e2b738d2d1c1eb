/* SPDX-License-Identifier: MIT */
/*
 * The exported functions that wait for descriptors: what the kernel says there must be the truth (shutdown_both.h). Nearly
 * always they are nothing but a jump to the real ones.
 *
 * Rules: cancellation points and async-signal-safe, as the real ones are.
 */
#undef _FORTIFY_SOURCE /* or the headers define some of these themselves */
#include "sys/export.h"
#include "release/shutdown_both.h"

/* The headers say that poll only writes to the array: it reads the descriptors there, and so do we. */
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

EXPORT int poll(struct pollfd *polled, nfds_t count, int timeout)
{
	if (shutdown_both_anywhere())
		shutdown_both_polled(polled, count);
	return real.poll(polled, count, timeout);
}

EXPORT int ppoll(struct pollfd *polled, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
	if (shutdown_both_anywhere())
		shutdown_both_polled(polled, count);
	return real.ppoll(polled, count, timeout, mask);
}

EXPORT int select(int count, fd_set *restrict reading, fd_set *restrict writing, fd_set *restrict failing,
		  struct timeval *restrict timeout)
{
	if (shutdown_both_anywhere())
		shutdown_both_selected(count, reading, writing, failing);
	return real.select(count, reading, writing, failing, timeout);
}

EXPORT int pselect(int count, fd_set *restrict reading, fd_set *restrict writing, fd_set *restrict failing,
		   const struct timespec *restrict timeout, const sigset_t *restrict mask)
{
	if (shutdown_both_anywhere())
		shutdown_both_selected(count, reading, writing, failing);
	return real.pselect(count, reading, writing, failing, timeout, mask);
}

/* --- what _FORTIFY_SOURCE makes of them: the check, and then the same --- */

void __chk_fail(void) __attribute__((noreturn));

EXPORT int __poll_chk(struct pollfd *polled, nfds_t count, int timeout, size_t room)
{
	if (room / sizeof *polled < count)
		__chk_fail();
	return poll(polled, count, timeout);
}

EXPORT int __ppoll_chk(struct pollfd *polled, nfds_t count, const struct timespec *timeout,
		       const sigset_t *mask, size_t room)
{
	if (room / sizeof *polled < count)
		__chk_fail();
	return ppoll(polled, count, timeout, mask);
}
