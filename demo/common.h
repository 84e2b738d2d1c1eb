/* SPDX-License-Identifier: MIT */
/*
 * What every program of the demo needs and none is about: contexts, sockets, and the tally of what arrived.
 * How a connection is used and how it ends, which is what the demo is about, stands in each program itself.
 *
 * Rules: loopback only. An error that would make the measurement worthless ends the program with a line that
 * says why; a connection that ends badly does not, it is counted.
 */
#ifndef DEMO_COMMON_H
#define DEMO_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <openssl/ssl.h>

/* How the peer's side of one connection came to its end. */
enum ending {
	CLOSE_NOTIFY_THEN_FIN, /* the only clean one */
	CLOSE_NOTIFY_THEN_RESET,
	FIN_ALONE, /* cannot be told from a cut cable */
	RESET,
	OTHER_ERROR,
};

struct tally {
	int connections;
	int whole;
	int truncated;
	int clean;
	size_t lost; /* bytes that the peer wrote, or would have written, and that never came */
};

/* The settings of a process of the demo: no SIGPIPE, and an end after a minute whatever happens. */
void set_up_process(void);

/* A number from the command line, or the end of the program. */
size_t number(const char *text, const char *meaning);

/* tls is "1.2" or "1.3". The client checks no certificate: the demo's is made for one run. */
SSL_CTX *server_context(const char *tls, const char *certificate_file, const char *key_file);
SSL_CTX *client_context(const char *tls);

/* Port 0 is any free one. Prints the port, a line of its own, once clients can connect. */
int listen_on_loopback(int port);
int accept_client(int listener);
/* Tries again for some seconds while nobody listens. receive_buffer 0 leaves the kernel's own. */
int connect_to_loopback(int port, int receive_buffer);

/*
 * The 20 ms that request and reply spend on a user's line, and that loopback does not have. Without them the
 * client reads as fast as the server writes, and one reply in five slips through before the reset.
 */
void travel(void);

/* A buffer full of letters. */
char *filled_buffer(size_t size);

/* Call it at once after the SSL_read that did not give data: it looks at errno and the error queue. */
enum ending how_it_ended(SSL *ssl, int result);
const char *ending_text(enum ending ending);

/* One line for this connection, and its numbers into the tally; a last line for all of them. */
void count_connection(struct tally *tally, size_t arrived, size_t expected, enum ending ending);
void print_tally(const struct tally *tally);

/* Ends the program: what could not be done, and why (from errno, or from OpenSSL's error queue). */
void die(const char *what) __attribute__((noreturn));
void die_openssl(const char *what) __attribute__((noreturn));

#endif
