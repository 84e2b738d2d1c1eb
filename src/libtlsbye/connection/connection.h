/* SPDX-License-Identifier: MIT */
/*
 * One connection: an SSL, the socket that it speaks over, what was seen of both, and who may touch it.
 *
 * It is found from either side: from the SSL by a hash table (ssl_table.h), from a descriptor by one look into an array
 * (descriptors.h). Records live in memory that is never unmapped (records.h): a stale pointer is a harmless miss.
 *
 * Each part below is a struct of its own, named for the room that writes it.
 *
 * Rules: the SSL side is for ordinary code (like SSL_* itself it is not async-signal-safe); references and the descriptor
 * side are async-signal-safe: atomics only, no lock, no allocation.
 */
#ifndef TLSBYE_CONNECTION_H
#define TLSBYE_CONNECTION_H

#include "connection/claim.h"
#include "connection/endpoint.h"
#include "event_table.h"
#include "linger/residue.h"
#include "sys/call_sites.h"
#include "sys/openssl.h"
#include "sys/real.h"

struct fork_slot; /* fork_slots.h: the words that the holders of a forked connection share */

/* Who tells an event while another thread asks goes without them: half an address would be none. */
enum addresses { ADDRESSES_UNKNOWN, ADDRESSES_ASKED_FOR, ADDRESSES_KNOWN };

/* connection/which_socket.c, descriptors.c: written when the socket is learnt. */
struct socket_known {
	_Atomic int fd;               /* the descriptor by which OpenSSL knows it; -1: none */
	int first_fd;                 /* its number, for the log */
	_Atomic uint32_t descriptors; /* how many of the program's are known to us */
	_Atomic int32_t away; /* copies that a message took along, and that did not come back (copies.h) */
	uint64_t cookie;      /* SO_COOKIE, or the inode; of the socket, not of the number; 0: none known */
	bool datagram;        /* DTLS: close_notify only (dtls.h) */
	bool own_bio;         /* it was learnt from the I/O of a BIO of the program's own */
	_Atomic enum addresses addresses; /* the next three; asked for when somebody wants them: two calls */
	bool is_unix;                     /* AF_UNIX: no TCP, whose queues are others */
	union endpoint local, peer;
	uint64_t tracked_us; /* when (clock_us), or 0: no event has told of it */
};

/* observe/, release/after_call.c: what the SSL_* hooks have seen; written by who is inside. */
struct seen {
	uint32_t references; /* of the SSL: SSL_up_ref, SSL_dup */
	bool hands_off;      /* QUIC: nothing is ours */
	bool born;       /* its SSL_new passed the hooks; else other calls of the program may pass by them */
	bool spoken;     /* an SSL_* call that does I/O was made: before, there is nothing to end */
	bool handshaken; /* once, at least */
	enum role role;
	bool ktls; /* OpenSSL has given the record layer, of one direction at least, to the kernel */
	bool quiet, filtered;  /* what may keep a close_notify back (handshake_note_manners) */
	struct call handshake; /* the call within which one goes on */
	bool read_failure_told, write_failure_told;
	bool reset; /* the kernel tells of a reset once */
	bool wrote_to_closed_peer;
	bool peer_broke_it; /* a call failed for good, and not by the program's doing */
	int write_error; /* SSL_get_error of the last write that is to be repeated; 0: a part of it was taken */
	uint64_t write_requested;
	bool fatal_error;
	bool late_call_told;    /* one was made on this SSL (late_call.h) */
	_Atomic bool disturbed; /* by one of another SSL's: written by whoever makes that */
	bool stale_error_told;
	uint64_t stale_error_at; /* its bytes when one was last told of (stale_error.h); 0: never */
	bool bad_write_retry;    /* the write that wanted to be repeated was, but not as it has to be */
	bool peer_notified;      /* the peer's close_notify was read */
	enum hidden peer_hidden; /* it ended without one, and OpenSSL was told to call that a clean end */
	bool faked;              /* SSL_set_shutdown claimed that close_notify was sent */
	bool called_shutdown;    /* SSL_shutdown, successful or not */
	uint64_t unfinished;     /* bytes of an SSL_write that were not taken */
	uint64_t
		pending_length; /* of the SSL_write that wants to be repeated: a record is in OpenSSL's buffer */
	uint64_t never_read;    /* bytes that SSL_shutdown's second call threw away for the program */
	uint64_t unflushed;     /* bytes in a BIO_f_buffer above its BIO_f_ssl, at BIO_free */
	uint32_t unread_tls;    /* bytes decrypted by OpenSSL and never asked for, at SSL_free */
};

/* observe/learn_socket.c: written on the thread that is inside. */
struct learning {
	struct connection *within; /* whose call goes on further out on this thread's stack */
	uintptr_t stack;           /* where this call stands on it */
	unsigned patience;         /* what is left of it */
	bool did_io;               /* the call did any */
};

enum notify { NOTIFY_NONE, NOTIFY_PENDING, NOTIFY_SENT };

/* release/, tls/: written by the holder of the claim, or by the one closer. */
struct released {
	_Atomic uint32_t close_paths; /* PATH_ bits */
	enum notify notify;
	bool notify_by_program; /* it was the program that said close_notify */
	enum reason reason;     /* why none was said */
	bool completed_record;
	uint32_t said_bytes; /* ours, that went into the send queue */
	struct residue residue;
	bool shared;     /* another process had the socket, too, when this one let go */
	bool superseded; /* another SSL has begun on the same socket, whose descriptors are its by now */
	_Atomic bool not_ours; /* this process let the connection go, or never owned it (P7): for good */
	bool parked;           /* its last number here was closed, and a copy of it is away (copies.h) */
	bool failed_exit;      /* the process ends, with a status other than 0 */
	bool shut_both;        /* SHUT_RDWR, while the peer had not ended */
	bool half_closed;
	bool read_shut; /* by the program: a read then ends at once, whatever the peer does */
	_Atomic bool
		read_emulated; /* it shut the read side, and the hooks answer for the kernel (shutdown_both.h) ... */
	_Atomic uint32_t read_left;   /* ... after so many bytes that were there before */
	_Atomic bool follows;         /* the socket was handed over, and close_notify follows (follow.h) */
	uint64_t hold_id;             /* of what was handed over */
	enum peer_end peer_end;       /* as far as the program's own calls, or ours, have met it */
	_Atomic bool told;            /* its event was said */
	_Atomic uint32_t told_notify; /* the last event of a close_notify (events.c) */
};

/* linger/queues.c, abort.c: what the kernel has at the last close. */
struct queues {
	uint32_t
		no_abort_at; /* SO_LINGER was asked when it had been set so often (abort.c), and meant no abort */
	bool measured;
	bool fresh;          /* ... in this very close: nobody need ask again */
	bool ktls;           /* what arrives is decrypted by the kernel, record by record (ktls.h) */
	bool peer_has_ended; /* its FIN is there */
	bool over;           /* there is no connection any more: reset, or ended by both */
	uint32_t unread;     /* bytes in the receive queue */
	uint32_t unsent;     /* bytes that the peer's kernel has not acknowledged ... */
	uint32_t not_sent;   /* ... and those of them that never left this one */
	uint64_t taken;      /* bytes that it has ever taken to be sent; 0: not known */
	uint64_t window;     /* bytes that TCP lets be on their way at once, its congestion window */
};

/* connection/ownership.c: bytes through a BIO, as of the last look (ownership_look). */
struct bio_count {
	_Atomic(BIO *) bio;
	_Atomic uint64_t bytes;
};

struct since_fork {
	struct bio_count in, out;
};

struct connection {
	struct claim claim;
	_Atomic uint32_t refs;

	/* connection/ssl_table.c, records.c: written under the lock, read by everyone */
	_Atomic(SSL *) ssl;
	struct connection *_Atomic next;
	struct libssl *lib;
	uint32_t index;  /* of the record; never changes */
	uint32_t number; /* of the connection, from 1: in events; records come again, numbers do not */

	/* The two that a good read and a good write count. */
	uint64_t bytes_read, bytes_written;

	struct socket_known socket;
	struct seen seen;
	struct learning learning;
	/* connection/ownership.c: shared with other processes after a fork; by which fork it was the last time. */
	struct fork_slot *_Atomic slot;
	_Atomic uint32_t shared_by;
	struct since_fork since_fork;
	_Atomic bool has_relatives; /* beside who is in the slot; they may never speak, and may have let go */
	struct released released;
	struct queues queues;
	struct sites sites; /* written by whoever calls */
};

/* SSL_write(ssl, buf, -1) has returned what it was given, and was counted so (after_call.h). */
static inline uint64_t connection_bytes_written(const struct connection *c)
{
	return (int64_t)c->bytes_written > 0 ? c->bytes_written : 0;
}

#endif
