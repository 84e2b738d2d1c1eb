/* SPDX-License-Identifier: MIT */
/*
 * One socket's drain, as plain data and a few steps: send the residue, half-close, discard until the peer's end, within
 * the limits (P10). The hub does it for many sockets at once, a task of its own for one (clone.h), and the host itself
 * for one, within a deadline (in_place.h).
 *
 * Why a drain at all: bytes that are unread at the close, or arrive after it, make the kernel answer with RST and throw
 * away what is still in its send queue (RFC 2525, 2.17; tcp_close() in Linux). So the read side is kept open and
 * emptied until the peer's FIN.
 *
 * Rules: async-signal-safe; no waiting in here; every call goes through `kernel`. Times are microseconds of
 * CLOCK_MONOTONIC, which all processes of a machine share.
 */
#ifndef TLSBYE_DRAIN_H
#define TLSBYE_DRAIN_H

#include "event_table.h"
#include "linger/residue.h"

struct drain_limits {
	uint64_t idle_us, total_us, bytes;
	uint64_t sending_us; /* of a peer that has got everything */
};

struct drain {
	struct drain_limits limits;
	int family;             /* AF_UNIX, where nothing is thrown away without copying; or another */
	bool ktls;              /* what arrives is decrypted by the kernel, record by record */
	bool held_back;         /* no half-close yet: close_notify follows (hold.h) */
	bool reads;             /* takes what arrives; else somebody else does, or will */
	bool sends_only;        /* the residue, then the FIN, and no more: the program goes on reading */
	bool half_closed;       /* the FIN is out, whoever sent it */
	bool half_closed_by_us; /* by a step of this drain */
	bool read_shut;         /* by the program: an end is not the peer's then */
	bool reset_seen;        /* the kernel tells of a reset once, and somebody has heard */
	bool peer_notified;     /* its close_notify was read (by the kernel's record layer only) */
	bool peer_has_ended;    /* its FIN, or a reset, came; there may be something left to send */
	enum peer_end peer_end;
	uint32_t unsent;      /* at the last look: not acknowledged by the peer's kernel */
	uint64_t drained;     /* bytes */
	uint64_t since_us;    /* it began */
	uint64_t moved_us;    /* the peer last sent or took something */
	uint64_t ended_us;    /* it ended; 0 before */
	uint64_t got_all_us;  /* it was seen that the peer's kernel has all of ours, the FIN too; 0 before */
	uint64_t received_us; /* the peer last sent something ... */
	uint64_t sending_us;  /* ... and has sent without a pause since */
	struct residue residue;
};

void drain_begin(struct drain *drain, uint64_t now_us);

/*
 * After the program's close its port can be bound beside the connection, as after a bare close that resets it: two sockets share
 * one where both have SO_REUSEADDR and neither listens (inet_csk_bind_conflict() in Linux).
 */
void drain_shares_port(int fd, const struct kernel *kernel);

/* As far as it goes without waiting. True: it is over (peer_end, ended_us are set), and the socket can be closed. */
bool drain_go_on(struct drain *drain, int fd, const struct kernel *kernel, uint64_t now_us);

/* Does it also wait for room to send in? (It waits for bytes to read in any case, unless the peer has ended.) */
bool drain_waits_to_send(const struct drain *drain);
bool drain_waits_to_read(const struct drain *drain);

/*
 * No event tells that the peer took something off the send queue. Looks, and says when to look again; 0 where a limit is
 * reached: then it is over.
 */
uint64_t drain_look(struct drain *drain, int fd, const struct kernel *kernel, uint64_t now_us);

/* Ends it now, for this reason: what is left of the residue is dropped, the FIN is sent. */
void drain_give_up(struct drain *drain, int fd, const struct kernel *kernel, enum peer_end why,
		   uint64_t now_us);

/* Before the last close: SO_LINGER with a time would make it wait for the peer, and stall every other drain. */
void drain_forget_linger_time(int fd, const struct kernel *kernel);

/* Bytes in the send queue that the peer's kernel has not acknowledged; 0 if unknown. */
uint32_t drain_unsent(int fd, const struct kernel *kernel);

#endif
