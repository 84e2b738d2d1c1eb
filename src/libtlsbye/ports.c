/* SPDX-License-Identifier: MIT */
/*
 * See ports.h. Two sockets share a port where both have SO_REUSEADDR and neither listens (inet_csk_bind_conflict() in
 * Linux); a socket in TIME_WAIT has what the connection had. So the connection gets it before its goodbye, and a socket
 * that is refused such a port gets it, too: then only a listener, or another process' socket, stands in the way.
 * listen() looks for conflicts once more; so the socket keeps the option.
 */
#include "ports.h"

enum { PORTS = 1 << 16, WORD_BITS = 64 };
static _Atomic uint64_t said_goodbye[PORTS / WORD_BITS];

/* 0 where the address has none. The port lies at the same place in both families. */
static unsigned port_of(const struct sockaddr *address, socklen_t size)
{
	const struct sockaddr_in *inet = (const struct sockaddr_in *)address;
	bool has_port = address && size >= sizeof *inet &&
			(inet->sin_family == AF_INET || inet->sin_family == AF_INET6);
	return has_port ? ntohs(inet->sin_port) : 0;
}

static void allow_reuse(int fd)
{
	int on = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

void ports_goodbye_begins(const struct connection *c, int fd)
{
	unsigned port = port_of((const struct sockaddr *)&c->local, sizeof c->local);
	if (!port)
		return;
	atomic_fetch_or(&said_goodbye[port / WORD_BITS], UINT64_C(1) << port % WORD_BITS);
	allow_reuse(fd);
}

bool ports_may_be_ours(int fd, const struct sockaddr *address, socklen_t size)
{
	unsigned port = port_of(address, size);
	if (!(atomic_load(&said_goodbye[port / WORD_BITS]) & UINT64_C(1) << port % WORD_BITS))
		return false;
	allow_reuse(fd);
	return true;
}
