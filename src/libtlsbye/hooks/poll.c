/* SPDX-License-Identifier: MIT */
/*
 * The exported functions that wait for descriptors: what the kernel says there must be the truth (shutdown_both.h). Nearly
 * always they are nothing but a jump to the real ones.
 *
 * Rules: cancellation points and async-signal-safe, as the real ones are.
 */
#undef _FORTIFY_SOURCE   /* or the headers define some of these themselves */
#undef _FILE_OFFSET_BITS /* and give others other names (real.h) */
#undef _TIME_BITS
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

/* --- and of 64-bit times where they have names of their own (real.h) --- */

#if REAL_HAS_TIME64
EXPORT int __ppoll64(struct pollfd *polled, nfds_t count, const struct real_timespec64 *timeout,
		     const sigset_t *mask)
{
	if (shutdown_both_anywhere())
		shutdown_both_polled(polled, count);
	return real.__ppoll64(polled, count, timeout, mask);
}

int __ppoll64_chk(struct pollfd *polled, nfds_t count, const struct real_timespec64 *timeout,
		  const sigset_t *mask, size_t room);
EXPORT int __ppoll64_chk(struct pollfd *polled, nfds_t count, const struct real_timespec64 *timeout,
			 const sigset_t *mask, size_t room)
{
	if (room / sizeof *polled < count)
		__chk_fail();
	return __ppoll64(polled, count, timeout, mask);
}

EXPORT int __select64(int count, fd_set *restrict reading, fd_set *restrict writing, fd_set *restrict failing,
		      struct real_timeval64 *restrict timeout)
{
	if (shutdown_both_anywhere())
		shutdown_both_selected(count, reading, writing, failing);
	return real.__select64(count, reading, writing, failing, timeout);
}

EXPORT int __pselect64(int count, fd_set *restrict reading, fd_set *restrict writing,
		       fd_set *restrict failing, const struct real_timespec64 *restrict timeout,
		       const sigset_t *restrict mask)
{
	if (shutdown_both_anywhere())
		shutdown_both_selected(count, reading, writing, failing);
	return real.__pselect64(count, reading, writing, failing, timeout, mask);
}
#endif
