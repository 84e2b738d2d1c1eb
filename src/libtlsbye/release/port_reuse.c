/* SPDX-License-Identifier: MIT */
/*
 * See port_reuse.h. Two sockets share a port where both have SO_REUSEADDR and neither listens (inet_csk_bind_conflict() in
 * Linux); a socket in TIME_WAIT has what the connection had, and the connection what its listener had. So in a program that
 * binds without it, the connection gets it before its hand-over (in any other, whoever drains gives it: drain.h), and a socket
 * that is refused such a port gets it, too, for the length of one more call: then only a listener, or another process' socket,
 * stands in the way. listen() looks for conflicts once more, and gets the same. Kept, the option would let the program bind
 * a port twice that it looks for a free one by.
 */
#include "release/port_reuse.h"

#include "connection/socket.h"
#include "sys/real.h"

#include <errno.h>
#include <netinet/in.h>

enum { PORTS = 1 << 16, WORD_BITS = 64 };
static _Atomic uint64_t released_ports[PORTS / WORD_BITS];

/* 0 where the address has none. The port lies at the same place in both families. */
static unsigned port_of(const struct sockaddr *address, socklen_t size)
{
	const struct sockaddr_in *inet = (const struct sockaddr_in *)address;
	bool has_port = address && size >= sizeof *inet &&
			(inet->sin_family == AF_INET || inet->sin_family == AF_INET6);
	return has_port ? ntohs(inet->sin_port) : 0;
}

static unsigned port_of_socket(int fd)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	struct sockaddr *where = (struct sockaddr *)&address;
	return getsockname(fd, where, &size) == 0 ? port_of(where, size) : 0;
}

static void set_reuse(int fd, int on)
{
	real.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

static bool has_reuse(int fd)
{
	int on = 0;
	socklen_t size = sizeof on;
	return getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, &size) == 0 && on;
}

/* Has this process ever bound a port without SO_REUSEADDR? */
static _Atomic bool bound_without;

void port_reuse_bound(int fd)
{
	int saved = errno;
	if (!atomic_load(&bound_without) && port_of_socket(fd) && socket_is_stream(fd) && !has_reuse(fd))
		atomic_store(&bound_without, true);
	errno = saved;
}

void port_reuse_begins(int fd)
{
	unsigned port = atomic_load(&bound_without) ? port_of_socket(fd) : 0;
	if (!port)
		return;
	atomic_fetch_or(&released_ports[port / WORD_BITS], UINT64_C(1) << port % WORD_BITS);
	set_reuse(fd, 1);
}

static bool was_released(unsigned port)
{
	return port && atomic_load(&released_ports[port / WORD_BITS]) & UINT64_C(1) << port % WORD_BITS;
}

int port_reuse_bind_again(int fd, const struct sockaddr *address, socklen_t size)
{
	if (!was_released(port_of(address, size)) || !socket_is_stream(fd) || has_reuse(fd))
		return -1;
	set_reuse(fd, 1);
	int result = real.bind(fd, address, size);
	set_reuse(fd, 0);
	return result;
}

int port_reuse_listen_again(int fd, int backlog)
{
	bool ours = was_released(port_of_socket(fd)) && !has_reuse(fd);
	int result = -1;
	if (ours) {
		set_reuse(fd, 1);
		result = real.listen(fd, backlog);
		set_reuse(fd, 0);
	}
	return result;
}
