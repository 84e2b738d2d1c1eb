/* SPDX-License-Identifier: MIT */
/*
 * One TCP socket and everything the kernel said about its other end. All socket calls of a conversation go
 * through here, because each of them may be the one, and the only one, that tells of a RST.
 *
 * The kernel's words (Linux, tcp_reset() and tcp_recvmsg()):
 *   recv() = 0            FIN, if no RST was noted before; it is said even where a RST came behind the FIN
 *   ECONNRESET            RST, and no FIN before it
 *   EPIPE in SO_ERROR     RST behind a FIN, as long as our own side is open
 * An error is told once: whoever reads it (recv, send or SO_ERROR) takes it away. So it is noted at once.
 */
#ifndef TLSBYE_JUDGE_WIRE_H
#define TLSBYE_JUDGE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Where in a TLS record the received bytes end: 5 bytes of header, then its body (RFC 8446, 5.1). Content types are
 * 20 to 24: a record that begins with another byte is none, and plaintext has begun.
 */
struct framing {
	unsigned char header[5];
	size_t have; /* bytes of the header */
	size_t left; /* bytes of the body still to come */
	bool plain;
};

struct wire {
	int fd;
	bool fin;
	bool rst;
	bool read_over;   /* recv() has given its last byte */
	bool half_closed; /* our SHUT_WR is done */
	bool hung;        /* poll() will always return at once from now on */
	int64_t ended_ms; /* when the first of FIN and RST was seen */
	struct framing framing;
};

void wire_init(struct wire *w, int fd);

/* Bytes read; 0: none now, or the end, which then stands in w. The first *framed of them belong to TLS records. */
size_t wire_recv(struct wire *w, void *buf, size_t n, size_t *framed);
size_t wire_send(struct wire *w, const void *buf, size_t n);

/* The bytes that complete the record on the way: a reader that asks for no more takes nothing of the next one. */
size_t wire_record_need(const struct wire *w);
bool wire_mid_record(const struct wire *w);

/* Waits for POLLIN/POLLOUT/POLLRDHUP, at most until the given time. */
void wire_wait(struct wire *w, short events, int64_t until_ms);

/* Asks for an error that no recv() or send() has told. */
void wire_look(struct wire *w);

void wire_half_close(struct wire *w);
bool wire_gone(const struct wire *w);
void wire_close(struct wire *w, bool reset);

#endif
