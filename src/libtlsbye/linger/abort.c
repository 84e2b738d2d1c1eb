/* SPDX-License-Identifier: MIT */
/* See abort.h. */
#include "linger/abort.h"

/* How often SO_LINGER was set, from 1. */
static _Atomic uint32_t settings_seen = 1;

void abort_may_be_meant(void)
{
	atomic_fetch_add(&settings_seen, 1);
}

__attribute__((noinline)) static bool asks_for_reset(int fd)
{
	struct linger linger;
	socklen_t size = sizeof linger;
	return getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size) == 0 && linger.l_onoff &&
	       !linger.l_linger;
}

/*
 * What another process does to a socket that it has, too, or had, passes by our hook; so does, on a machine with times of 32
 * bits, a program that was built for 64: there setsockopt() has another name.
 */
static bool sees_all(const struct connection *c)
{
	return sizeof(long) == sizeof(int64_t) && !atomic_load(&c->slot);
}

bool abort_is_meant(struct connection *c, int fd)
{
	uint32_t now = atomic_load(&settings_seen);
	if (c->queues.no_abort_at == now && sees_all(c))
		return false;
	bool meant = asks_for_reset(fd);
	c->queues.no_abort_at = meant ? 0 : now;
	return meant;
}
