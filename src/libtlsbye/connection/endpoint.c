/* SPDX-License-Identifier: MIT */
/* See endpoint.h. */
#include "connection/endpoint.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

void endpoint_ask(union endpoint *endpoint, int fd, bool of_peer)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	struct sockaddr *where = (struct sockaddr *)&address;
	if ((of_peer ? getpeername(fd, where, &size) : getsockname(fd, where, &size)) != 0)
		return;
	if (address.ss_family == AF_INET)
		memcpy(&endpoint->v4, &address, sizeof endpoint->v4);
	else if (address.ss_family == AF_INET6)
		memcpy(&endpoint->v6, &address, sizeof endpoint->v6);
	else
		endpoint->family = address.ss_family;
}
