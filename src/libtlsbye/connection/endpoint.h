/* SPDX-License-Identifier: MIT */
/*
 * One end of a connection, as the kernel tells it.
 *
 * Rules: async-signal-safe; errno is the caller's to keep. Of the object and of the hub.
 */
#ifndef TLSBYE_ENDPOINT_H
#define TLSBYE_ENDPOINT_H

#include <netinet/in.h>
#include <stdbool.h>

union endpoint {
	sa_family_t family; /* AF_UNSPEC: not known */
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Stays as it was where the kernel does not tell. */
void endpoint_ask(union endpoint *endpoint, int fd, bool of_peer);

#endif
