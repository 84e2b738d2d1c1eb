/* SPDX-License-Identifier: MIT */
/* See endpoint.h. */
#include "connection/endpoint.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

/*
 * getpeername() tells no peer of a connection that a reset has ended (ENOTCONN), and who it was is wanted most then. The
 * kernel still knows: SO_PEERNAME asks it without that check. It wants the very size (EINVAL).
 */
static bool ask_of_ended(int fd, struct sockaddr_storage *address)
{
	socklen_t v6 = sizeof(struct sockaddr_in6), v4 = sizeof(struct sockaddr_in);
	return getsockopt(fd, SOL_SOCKET, SO_PEERNAME, address, &v6) == 0 ||
	       getsockopt(fd, SOL_SOCKET, SO_PEERNAME, address, &v4) == 0;
}

static bool ask(struct sockaddr_storage *address, int fd, bool of_peer)
{
	socklen_t size = sizeof *address;
	struct sockaddr *where = (struct sockaddr *)address;
	if (!of_peer)
		return getsockname(fd, where, &size) == 0;
	return getpeername(fd, where, &size) == 0 || (errno == ENOTCONN && ask_of_ended(fd, address));
}

void endpoint_ask(union endpoint *endpoint, int fd, bool of_peer)
{
	struct sockaddr_storage address = {0};
	if (!ask(&address, fd, of_peer))
		return;
	if (address.ss_family == AF_INET)
		memcpy(&endpoint->v4, &address, sizeof endpoint->v4);
	else if (address.ss_family == AF_INET6)
		memcpy(&endpoint->v6, &address, sizeof endpoint->v6);
	else
		endpoint->family = address.ss_family;
}
