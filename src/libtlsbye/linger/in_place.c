/* SPDX-License-Identifier: MIT */
/* See in_place.h. */
#include "linger/in_place.h"

#include "sys/real.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <time.h>

/* RLIMIT_NOFILE of 0 makes poll() fail, for any descriptor; select() counts the table instead. */
static int wait_by_select(const struct drain *drain, int fd, uint64_t us)
{
	struct timeval most = {.tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000)};
	fd_set one, other;
	FD_ZERO(&one);
	FD_SET(fd, &one);
	other = one;
	return real.select(fd + 1, drain_waits_to_read(drain) ? &one : NULL,
			   drain_waits_to_send(drain) ? &other : NULL, NULL, &most);
}

/*
 * False where there can be no waiting, and going on would spin. A signal of the program's is none of our business: the
 * time goes on.
 */
static bool wait_for_peer(const struct drain *drain, int fd, uint64_t until_us, uint64_t now_us)
{
	struct pollfd wait = {.fd = fd};
	wait.events |= drain_waits_to_read(drain) ? POLLIN : 0;
	wait.events |= drain_waits_to_send(drain) ? POLLOUT : 0;
	int ready = real.poll(&wait, 1, (int)((until_us - now_us) / 1000) + 1);
	if (ready < 0 && errno == EINVAL && fd < FD_SETSIZE)
		ready = wait_by_select(drain, fd, until_us - now_us + 1);
	return ready >= 0 || errno == EINTR;
}

static void drain_within(struct drain *drain, int fd)
{
	uint64_t now = kernel_clock_us(CLOCK_MONOTONIC), next;
	drain_begin(drain, now);
	while (!drain_go_on(drain, fd, &kernel_libc, now)) {
		next = drain_look(drain, fd, &kernel_libc, now);
		if (!next)
			return;
		bool waited = wait_for_peer(drain, fd, next, now);
		now = kernel_clock_us(CLOCK_MONOTONIC);
		if (!waited)
			drain_give_up(drain, fd, &kernel_libc, PEER_OVER_LIMIT, now);
	}
}

void in_place_drain(struct hold *hold, int fd, unsigned within_ms)
{
	int saved = errno, cancel_state;
	struct drain *drain = &hold->drain;
	uint64_t within = within_ms * UINT64_C(1000);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	drain->held_back = false; /* nobody could say it later */
	if (within < drain->limits.total_us)
		drain->limits.total_us = within;
	drain_within(drain, fd);
	hold_finish(hold);
	pthread_setcancelstate(cancel_state, NULL);
	errno = saved;
}
