/* SPDX-License-Identifier: MIT */
/* One end of a connection, as the kernel tells it. */
#ifndef TLSBYE_ENDPOINT_H
#define TLSBYE_ENDPOINT_H

#include <netinet/in.h>

union endpoint {
	sa_family_t family; /* AF_UNSPEC: not known */
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

#endif
