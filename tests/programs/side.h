/* SPDX-License-Identifier: MIT */
/*
 * One side of server_two_libssl.c: connections served by one libssl. The same source is part of the program, with the
 * libssl that the program links, and a plugin, with the libssl that the plugin brings along.
 */
#ifndef TLSBYE_TESTS_SIDE_H
#define TLSBYE_TESTS_SIDE_H

struct side {
	void (*start)(int argc, char **argv);
	void *(*handshake)(int fd); /* the SSL of this side's library, of which the other may know nothing */
	void (*exchange)(void *ssl);
	void (*let_go)(void *ssl, int fd);
	void *in_libssl, *in_libcrypto; /* where this side's library lies: functions that nobody hooks */
};

const struct side *side(void);

#endif
