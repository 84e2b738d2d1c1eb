/* SPDX-License-Identifier: MIT */
/* A TCP connection of which both ends are the program's own; exits with 1 where there is none to be had. */
#ifndef TLSBYE_TESTS_LOOPBACK_H
#define TLSBYE_TESTS_LOOPBACK_H

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OURS, PEERS };

static inline void connect_tcp(int ends[2])
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	ends[OURS] = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&address, &size) ||
	    connect(ends[OURS], (struct sockaddr *)&address, size) ||
	    (ends[PEERS] = accept(listener, NULL, NULL)) < 0) {
		perror("loopback");
		exit(1);
	}
	close(listener);
}

#endif
