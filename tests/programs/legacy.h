/* SPDX-License-Identifier: MIT */
/*
 * The boring part of the small programs here, each of which has one habit of a real legacy program: arguments,
 * listening and connecting, a TLS context, the pattern. A program's own file shows its habit and nothing else.
 *
 * All programs are bounded: the alarm is set anew for each connection and kills a program that hangs.
 */
#ifndef TLSBYE_TESTS_LEGACY_H
#define TLSBYE_TESTS_LEGACY_H

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct legacy {
	const char *port_file; /* server: where the port goes once it listens */
	int port;              /* client: where to */
	int connections;
	size_t read;   /* one SSL_read() of up to so many bytes */
	size_t write;  /* pattern bytes to answer or send */
	size_t offset; /* where in the pattern they begin: 0, or the content is wrong */
	int tls;
	int status; /* of the exit, for programs that leave by it */
	int rounds; /* for programs that repeat their habit within one connection or process */
	bool cache; /* sessions in the server's memory, not in tickets: a dropped one is a lost one */
	bool ipv6;  /* ::1 instead of 127.0.0.1 */
	const char *address;   /* instead of 127.0.0.1 */
	const char *unix_path; /* an AF_UNIX socket of this name instead of TCP */
	const char *mode;      /* which of a program's variants */
};

extern struct legacy legacy;

typedef void habit(SSL *ssl, int fd);

/* The whole of main() for most programs: so many connections, one after the other; returns the exit status. */
int legacy_serve(int argc, char **argv, habit *talk);
int legacy_call(int argc, char **argv, habit *talk);

/* The parts, for a program whose habit begins earlier. */
SSL_CTX *legacy_start(int argc, char **argv, bool server);
int legacy_listen(void);
int legacy_accept(int listener); /* TCP only */
int legacy_connect(void);        /* TCP only */
SSL *legacy_handshake(SSL_CTX *ctx, int fd, bool server);

bool legacy_is(const char *mode);
size_t legacy_read_once(SSL *ssl);
bool legacy_write(SSL *ssl);    /* all legacy.write bytes in one blocking SSL_write() */
void legacy_exchange(SSL *ssl); /* reads once, then writes */
bool legacy_overfill(SSL *ssl,
		     int fd); /* non-blocking SSL_write() until WANT_WRITE: a write left half-done */
long legacy_ms(void);

/* Two processes take turns, over a pipe: a word for the other, who waits for it. Exits with 3 where the other is gone. */
void legacy_tell(const int pipe[2]);
void legacy_await(const int pipe[2]);

#endif
