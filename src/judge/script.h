/* SPDX-License-Identifier: MIT */
/*
 * What the judging peer does on each connection: filled from the command line (options.c), or for each trial of
 * `tlsbye probe`; read by the conversation (conversation.c) and by the workers (workers.c), changed by nobody once
 * the connection starts.
 */
#ifndef TLSBYE_JUDGE_SCRIPT_H
#define TLSBYE_JUDGE_SCRIPT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ending {
	END_ANSWER,     /* seeing the end, answers close_notify and closes */
	END_BARE,       /* seeing the end, closes without a word */
	END_NEVER,      /* keeps the socket until the limit */
	END_FIRST,      /* close_notify and half-close right after its own data */
	END_FIRST_BARE, /* half-close without close_notify right after its own data */
	END_RESET,      /* seeing the end, closes with a zero SO_LINGER */
	END_HALF,       /* answers and half-closes, but keeps the socket until the limit */
};

enum handshake {
	HANDSHAKE_FULL,
	HANDSHAKE_NONE,    /* TCP only: not a byte is sent */
	HANDSHAKE_HELLO,   /* sends its first flight and never reads the answer */
	HANDSHAKE_GARBAGE, /* bytes that are no TLS, in place of the first flight */
};

struct script {
	/* who and how often */
	bool server;
	bool ipv6;
	int port;  /* 0: one that the kernel chooses (server) */
	bool dtls; /* for the tests' programs: the judge itself knows streams only */
	int tls;   /* a TLS1_x_VERSION, or 0: whatever both can */
	unsigned connections;
	unsigned parallel;
	const char *port_file;
	const char *unix_path; /* a socket of this name instead of TCP */
	bool tickets;
	bool reuse_session;
	enum handshake handshake;

	/* what it says */
	size_t send;
	char *file; /* bytes of --send-file */
	size_t file_size;
	size_t trail;
	size_t late_trail;
	bool garbage;    /* a record that cannot be decrypted, behind the request */
	bool wait_first; /* speaks only once the first byte arrived */

	/* how it reads */
	int receive_buffer; /* SO_RCVBUF; 0: the kernel's choice */
	bool never_read;
	size_t chunk; /* 0: as much as there is */
	int64_t pause_ms;
	int64_t chunk_pause_ms;

	/* what it expects, and how it ends */
	bool expects;
	bool any_content;
	bool plain_follows; /* the other side may go on in plaintext behind its close_notify */
	uint64_t expected;
	enum ending end;
	bool ends_early;
	uint64_t end_at; /* ends after so many bytes, not at the other side's end */
	int64_t watch_ms;
	int64_t limit_ms;
	int64_t patience_ms; /* for a connection to come, or to be accepted */

	bool quiet;
	bool progress;

	/* what only a peer that nobody wrote for us asks for (`tlsbye probe`); all zero for the tests */
	const char *server_name; /* SNI */
	struct message
		*message;   /* told of every byte: the turn to speak, and an early end, wait for its end */
	bool tls_only;      /* plaintext in place of a handshake ends the connection at once */
	bool late_answer;   /* close_notify is said behind the watch, so that nothing provokes a RST */
	int64_t own_end_ms; /* ends by itself (close_notify, half-close) after so long; 0: never */
	uint64_t most;      /* gives up after so many bytes; 0: never */
	volatile sig_atomic_t *stop; /* set by a signal handler: end at once */
};

#endif
