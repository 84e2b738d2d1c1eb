/* SPDX-License-Identifier: MIT */
/*
 * What `tlsbye probe` was asked to do: filled from the command line (probe.c), read by everybody here, changed by
 * nobody. And two things that all of them need: why something could not be tried, and whether SIGINT came.
 */
#ifndef TLSBYE_PROBE_PLAN_H
#define TLSBYE_PROBE_PLAN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum starttls { STARTTLS_NONE, STARTTLS_FTP, STARTTLS_IMAP, STARTTLS_POSTGRES, STARTTLS_SMTP };

struct plan {
	char *host; /* to connect to, or to listen on; without brackets */
	const char *port;
	bool listen;
	unsigned connections; /* --listen: how many clients */

	enum starttls starttls;
	const char *server_name; /* --sni; NULL: host, where it is a name */
	const char *alpn;        /* h2,http/1.1 */
	const char *cafile;
	const char *capath;
	const char *cert;
	const char *key;
	bool verify; /* a certificate that is not trusted ends the probe */
	int tls;     /* a TLS1_x_VERSION, or 0 */

	char *send; /* --send, in place of a request of ours */
	size_t send_size;
	const char *path;
	const char *http_host;
	bool expects; /* --expect: --listen's clients deliver so many bytes */
	uint64_t expected;

	int64_t timeout_ms; /* for each step of each trial */
	int64_t wait_ms;    /* --listen: for each client to come */
	bool json;
	bool verbose;
};

/* One line: the fact, the reason, and what to try. Empty: no trouble. */
struct trouble {
	char text[512];
};

/* The first one is kept. Returns false, for who passes it on. */
bool plan_trouble_is(struct trouble *trouble, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Set by SIGINT: whoever waits looks at it at least ten times a second. */
extern volatile sig_atomic_t plan_stopped;

#endif
