/* SPDX-License-Identifier: MIT */
/*
 * One connection: an SSL, the socket that it speaks over, what was seen of both, and who may touch it.
 *
 * It is found from either side: from the SSL by a hash table whose readers take no lock, from a descriptor by one
 * look into an array. Records live in memory that is never unmapped: a stale pointer is a harmless miss.
 *
 * Life: a record is kept while somebody has a stake in it: its SSL, each descriptor that the program has of the
 * socket, each hold of the linger thread. The last stake to go recycles it.
 *
 * Rules: the SSL side is for ordinary code (like SSL_* itself it is not async-signal-safe); stakes and the descriptor
 * side (descriptors.h) are async-signal-safe: atomics only, no lock, no allocation.
 */
#ifndef TLSBYE_CONNECTION_H
#define TLSBYE_CONNECTION_H

#include "connection/claim.h"
#include "sys/real.h"
#include "sys/call_sites.h"

#include <netinet/in.h>
#include <sys/un.h>

struct fork_slot; /* process.c: the word that the holders of a forked connection share */



enum notify { NOTIFY_NONE, NOTIFY_PENDING, NOTIFY_SENT };




/* What the socket did not take of the goodbye: sent by the linger thread, before the half-close. */
struct residue {
	unsigned char *bytes; /* a mapping of its own (RESIDUE_MAX), or NULL */
	uint32_t length, sent;
	bool kernels; /* instead of bytes: close_notify, by the kernel's record layer (kernel_tls.h) */
};

struct connection {
	struct claim claim;
	_Atomic uint32_t refs;

	/* look-up: written under the lock, read by everyone */
	_Atomic(SSL *) ssl;
	struct connection *_Atomic next;
	struct libssl *lib;
	uint32_t index;  /* of the record; never changes */
	uint32_t number; /* of the connection, from 1: in events; records come again, numbers do not */

	/* identity: written when the socket is learnt */
	_Atomic int fd;               /* the descriptor by which OpenSSL knows it; -1: none */
	int first_fd;                 /* its number, for the log */
	_Atomic uint32_t descriptors; /* how many of the program's are known to us */
	uint64_t cookie;              /* SO_COOKIE, or the inode; of the socket, not of the number */
	int family;
	union endpoint local, peer;
	uint64_t tracked_us; /* when (clock_us), or 0: no event has told of it */

	/* seen: written by the SSL_* hooks, who are inside */
	uint32_t references; /* of the SSL: SSL_up_ref, SSL_dup */
	bool hands_off;      /* QUIC: nothing is ours */
	bool datagram;       /* DTLS: close_notify only (datagram.h) */
	bool own_bio;        /* the socket was learnt from the I/O of a BIO of the program's own */
	bool born_seen;  /* its SSL_new passed the hooks; else other calls of the program may pass by them */
	bool spoken;     /* an SSL_* call that does I/O was made: before, there is nothing to end */
	bool handshaken; /* once, at least */
	enum role role;
	uint64_t bytes_read, bytes_written; /* of the program's, in SSL_read and SSL_write */
	bool quiet, filtered;               /* what may keep a close_notify back (handshake_note_manners) */
	struct call shaking;                /* the call within which a handshake goes on */
	bool read_failure_told, write_failure_told;
	bool reset_seen; /* the kernel tells of a reset once */
	bool wrote_to_closed_peer;
	bool peer_broke_it; /* a call failed for good, and not by the program's doing */
	int write_error; /* SSL_get_error of the last write that is to be repeated; 0: a part of it was taken */
	uint64_t write_requested;
	bool fatal_error;
	bool peer_notified; /* the peer's close_notify was read */
	enum hidden
		peer_hidden; /* the peer ended without one, and OpenSSL was told to call that a clean end */
	bool notify_by_program; /* it was the program that said ours */
	bool faked;             /* SSL_set_shutdown claimed that close_notify was sent */
	bool called_shutdown;   /* SSL_shutdown, successful or not */
	enum notify notify;
	uint64_t unfinished; /* bytes of an SSL_write that were not taken */
	uint64_t
		pending_length; /* of the SSL_write that wants to be repeated: a record is in OpenSSL's buffer */
	uint64_t never_read;    /* bytes that SSL_shutdown's second call threw away for the program */
	uint64_t unflushed;     /* bytes in a BIO_f_buffer above its BIO_f_ssl, at BIO_free */

	/* learning: written by learn.c, on the thread that is inside */
	struct connection *learnt_within; /* whose call goes on further out on this thread's stack */
	uintptr_t stack;                  /* where this call stands on it */
	unsigned patience;                /* what is left of it */
	bool did_io;                      /* the call did any */

	/* shared with other processes after a fork (process.c) */
	struct fork_slot *_Atomic slot;

	/* the goodbye: written by the holder of the claim, or by the one closer */
	_Atomic uint32_t close_paths;
	enum reason reason;
	_Atomic bool told;            /* its event was said */
	_Atomic uint32_t told_notify; /* the last event of a close_notify (events.c) */
	bool completed_record;
	uint32_t said_bytes; /* ours, that went into the send queue */
	bool shared;         /* another process had the socket, too, when this one let go */
	bool superseded;     /* another SSL has begun on the same socket, whose descriptors are its by now */
	_Atomic bool not_ours; /* this process let the connection go, or never owned it (P7): for good */
	struct residue residue;
	bool failed_exit;           /* the process ends, with a status other than 0 */
	bool shut_both;             /* SHUT_RDWR, while the peer had not ended */
	bool read_shut;             /* by the program: a read then ends at once, whatever the peer does */
	_Atomic bool read_emulated; /* the program shut it, and the hooks play it for us (read_side.h) ... */
	_Atomic uint32_t read_left; /* ... behind so many bytes that were there before */
	bool fin_later;             /* the program's FIN is ours to send, behind the residue */
	_Atomic bool speaks_later;  /* the linger thread was left a hold while somebody was inside */
	_Atomic uint32_t answered;  /* a futex: the linger thread has dealt with what was asked (linger.h) */

	/* the linger thread */
	bool half_closed;
	bool lingered;
	bool kernel_tls;      /* what arrives is decrypted by the kernel, record by record (kernel_tls.h) */
	bool measured;        /* what the kernel has at the last close: the next six */
	uint32_t unread;      /* bytes in its receive queue */
	uint32_t unsent;      /* bytes that the peer's kernel has not acknowledged ... */
	uint32_t not_sent;    /* ... and those of them that never left this one */
	uint64_t taken;       /* bytes that it has ever taken to be sent; 0: not known */
	bool peer_has_ended;  /* its FIN is there */
	bool over;            /* there is no connection any more: reset, or ended by both */
	uint32_t left_unsent; /* as unsent, when the linger thread let go */
	uint32_t unread_tls;  /* bytes decrypted by OpenSSL and never asked for */
	uint64_t drained;
	uint64_t drain_us;
	enum peer_end peer_end;

	struct sites sites; /* written by whoever calls */
};

enum { LEARN_PATIENCE = 1024 };   /* SSL_* calls; learn.c */
enum { RESIDUE_MAX = 32 * 1024 }; /* more than a TLS record and an alert */

/*
 * The connection of an SSL, entered (leave it with claim_leave). Found or made; never NULL: an SSL that cannot be
 * tracked gets a record that stands for all of its kind, with its `ssl` NULL, whose `lib` works. *news: which marks of
 * the claim were cleared.
 */
struct connection *ssl_table_enter(SSL *ssl, void *caller, uint32_t *news);

extern struct connection *_Atomic ssl_table_buckets[] INTERNAL;
enum { SSL_BUCKETS_LOG2 = 14 };

static inline unsigned ssl_table_bucket(const SSL *ssl)
{
	return (unsigned)(((uintptr_t)ssl * 0x9E3779B97F4A7C15u) >> (64 - SSL_BUCKETS_LOG2));
}

/* The same for the first in its bucket, where there is no news: else NULL, and not entered. */
static inline struct connection *ssl_table_enter_fast(SSL *ssl)
{
	struct connection *c =
		atomic_load_explicit(&ssl_table_buckets[ssl_table_bucket(ssl)], memory_order_acquire);
	bool fast = c && atomic_load_explicit(&c->ssl, memory_order_relaxed) == ssl;
	return __builtin_expect(fast, true) && claim_enter_fast(&c->claim) ? c : NULL;
}

/* SSL_write(ssl, buf, -1) has returned what it was given, and was counted so (seen.h). */
static inline uint64_t connection_bytes_written(const struct connection *c)
{
	return (int64_t)c->bytes_written > 0 ? c->bytes_written : 0;
}

/* The connection of an SSL, not entered; NULL if it is not tracked. */
struct connection *ssl_table_find(const SSL *ssl);

/*
 * SSL_get_rfd and SSL_get_wfd; -1 where the SSL has no BIO, too: there OpenSSL 3 queues an error, which SSL_get_error would
 * find after a later call on another SSL (P5).
 */
int which_socket_read_fd(const struct connection *c, const SSL *ssl);
int which_socket_write_fd(const struct connection *c, const SSL *ssl);

/*
 * After the program gave the SSL a descriptor or a BIO: which socket is it? Where the BIO does not tell, learning (learn.h)
 * begins, anew if need be. Inside.
 */
void which_socket_learn(struct connection *c, SSL *ssl);

/* Learning ends: it is this one. Only the first to say so is believed. Inside; async-signal-safe. */
void which_socket_learnt(struct connection *c, int fd);

/* SSL_clear: the SSL, detached from the connection that ended, begins another. */
void ssl_table_track_again(SSL *ssl, struct libssl *lib, uint32_t references, bool born_seen);

/*
 * The SSL goes: nobody finds it any more, and no goodbye will use it. Gives its stake back. The caller holds the claim
 * and a stake of its own: a goodbye that gets in afterwards must find it gone.
 */
void ssl_table_detach(struct connection *c);

void records_ref(struct connection *c);

/* The same for a record that may be on its way back to the list. False where it is. */
bool records_ref_if_used(struct connection *c);
void records_unref(struct connection *c);

struct connection *records_at(uint32_t index);

/* Was there a connection in this process, ever? */
bool records_any(void);

/* Calls visit for every record in use. No lock: for fork and exit. */
void records_each(void (*visit)(struct connection *c, void *arg), void *arg);

/* P6: is this descriptor the connection's socket? Async-signal-safe. */
bool socket_is_of(const struct connection *c, int fd);

/* Is this descriptor a stream socket at all? Async-signal-safe. */
bool socket_is_stream(int fd);
/*
 * May a goodbye act on this descriptor? It must be one of the connection's; for DTLS, where many SSLs share a socket,
 * any of that socket.
 */
bool descriptors_may_use(const struct connection *c, int fd);

void connection_child_after_fork(void);

#endif
