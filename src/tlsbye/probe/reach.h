/* SPDX-License-Identifier: MIT */
/*
 * Sockets for the probe: names are looked up, connections made and accepted, all within the plan's times. Nothing
 * is contacted but what the plan names (and the resolver, for a name).
 */
#ifndef TLSBYE_PROBE_REACH_H
#define TLSBYE_PROBE_REACH_H

#include <stdbool.h>
#include <sys/socket.h>

#include "plan.h"

/* The address that answered first: every later trial goes to the same one, or the trials were of different peers. */
struct peer {
	bool known;
	struct sockaddr_storage address;
	socklen_t size;
	char text[80];  /* 127.0.0.1:443, [::1]:443 */
	int64_t rtt_ms; /* how long the connecting took: one round trip */
};

/* A connected, non-blocking socket; -1: the trouble tells why. receive_buffer: SO_RCVBUF; 0: the kernel's choice. */
int reach_connect(const struct plan *plan, struct peer *peer, int receive_buffer, struct trouble *trouble);

/* Listens on the plan's address; *peer gets what it listens on. */
int reach_listen(const struct plan *plan, struct peer *peer, int receive_buffer, struct trouble *trouble);

/* The next client, and where it comes from. */
int reach_accept(const struct plan *plan, int listener, struct peer *client, struct trouble *trouble);

/* Waits for events on the socket; false: the time is over, or the probe was stopped. */
bool reach_wait(int fd, short events, int64_t until_ms);

#endif
