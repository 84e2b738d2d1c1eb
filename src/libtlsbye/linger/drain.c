/* SPDX-License-Identifier: MIT */
/* See drain.h. */
#include "linger/drain.h"

#include "linger/ktls.h"

#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

/* A peer that sends without end must not keep whoever drains from the other sockets, nor from looking at the limits. */
enum { CALLS_AT_ONCE = 16, DISCARD_AT_ONCE = 1 << 20 };

/* While something is unsent, so often in the time that a peer may be idle for. */
enum { LOOKS_IN_IDLE = 8 };

/* A pause of the peer's: whoever sends his last after one has not been sending all the time. */
enum { PAUSE_US = 500 * 1000 };

void drain_begin(struct drain *drain, uint64_t now_us)
{
	drain->since_us = drain->moved_us = now_us;
	drain->ended_us = 0;
}

void drain_shares_port(int fd, const struct kernel *kernel)
{
	const int on = 1;
	kernel->setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

uint32_t drain_unsent(int fd, const struct kernel *kernel)
{
	int bytes = 0;
	return kernel->ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? (uint32_t)bytes : 0;
}

void drain_forget_linger_time(int fd, const struct kernel *kernel)
{
	struct linger linger;
	socklen_t size = sizeof linger;
	if (kernel->getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size) == 0 && linger.l_onoff &&
	    linger.l_linger) {
		linger.l_onoff = 0;
		kernel->setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	}
}

/* --- its steps --- */

static void end(struct drain *drain, int fd, const struct kernel *kernel, uint64_t now_us)
{
	drain->unsent = drain_unsent(fd, kernel);
	if (!drain->sends_only) /* else the program has it still */
		drain_forget_linger_time(fd, kernel);
	drain->ended_us = now_us;
}

/* After whatever was sent before. False: there is no connection to close any more. */
static bool half_close(struct drain *drain, int fd, const struct kernel *kernel)
{
	if (drain->half_closed)
		return true;
	drain->half_closed = drain->half_closed_by_us = kernel->shutdown(fd, SHUT_WR) == 0;
	return drain->half_closed;
}

/* The kernel tells of a reset once: EPIPE is one, too, where it was not our own side that was shut. */
static bool send_residue(struct drain *drain, int fd, const struct kernel *kernel, uint64_t now_us)
{
	struct residue *residue = &drain->residue;
	if (!residue_any(residue))
		return true;
	uint32_t before = residue->sent;
	bool all = residue_send(residue, fd, kernel);
	if (residue->error)
		drain->reset_seen |=
			residue->error == ECONNRESET || (residue->error == EPIPE && !drain->half_closed);
	else if (all || residue->sent != before)
		drain->moved_us = now_us;
	return all;
}

/*
 * TCP throws the bytes away in the kernel (MSG_TRUNC, tcp(7)): the buffer is never written, nor its memory ever used. It
 * stands there for the sockets that do copy: AF_UNIX; written by all who drain, read by nobody. EIO: TLS in the kernel,
 * of which getsockopt() did not tell.
 */
static long discard(struct drain *drain, int fd, const struct kernel *kernel)
{
	static char nowhere[DISCARD_AT_ONCE];
	if (drain->ktls)
		return ktls_discard(fd, kernel, &drain->peer_notified);
	bool tcp = drain->family == AF_INET || drain->family == AF_INET6;
	long n = kernel->recv(fd, nowhere, sizeof nowhere, MSG_DONTWAIT | (tcp ? MSG_TRUNC : 0));
	return n == -EIO ? ktls_discard(fd, kernel, &drain->peer_notified) : n;
}

/* What the peer's end was, by recv()'s answer: an end of the stream, or an error. */
static void note_end(struct drain *drain, long answer)
{
	if (answer < 0 && !ktls_cannot_read((int)-answer))
		drain->peer_end = PEER_RESET;
	else if (answer == 0 && drain->peer_end == PEER_UNKNOWN && !drain->read_shut)
		drain->peer_end = drain->reset_seen ? PEER_RESET : PEER_FIN;
}

/* True: there is nothing more to be read, or nothing more that we want to. */
static bool discard_some(struct drain *drain, int fd, const struct kernel *kernel, uint64_t now_us)
{
	for (int call = 0; call < CALLS_AT_ONCE; call++) {
		long n = discard(drain, fd, kernel);
		if (n == -EINTR)
			continue;
		if (n == -EAGAIN || n == -EWOULDBLOCK)
			return false;
		if (n <= 0) {
			note_end(drain, n);
			return true;
		}
		if (now_us - drain->received_us > PAUSE_US)
			drain->sending_us = now_us;
		drain->received_us = drain->moved_us = now_us;
		drain->drained += (uint64_t)n;
		if (drain->drained > drain->limits.bytes) {
			drain->peer_end = PEER_OVER_LIMIT;
			return true;
		}
	}
	return false;
}

/* After a FIN, of whomever, nothing can follow. */
static bool is_held_back(const struct drain *drain)
{
	return drain->held_back && !drain->half_closed;
}

/*
 * The peer has ended before, and something of ours is held back. Is there still anybody to hear it? A reset, or the close
 * of an AF_UNIX peer, would wake whoever waits for the socket again and again. Nothing is sent by this; a record of the
 * kernel's would be.
 */
static bool is_heard(struct drain *drain, int fd, const struct kernel *kernel)
{
	int error = 0;
	socklen_t size = sizeof error;
	if (!drain->ktls)
		error = (int)-kernel->send(fd, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL);
	else if (kernel->getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		return true;
	if (error == ECONNRESET)
		drain->peer_end = PEER_RESET;
	return error <= 0 || error == EAGAIN || error == EWOULDBLOCK;
}

bool drain_go_on(struct drain *drain, int fd, const struct kernel *kernel, uint64_t now_us)
{
	if (drain->ended_us)
		return true;
	bool all_sent = send_residue(drain, fd, kernel, now_us), connected = true;
	bool held_back = is_held_back(drain);
	if (all_sent && !held_back)
		connected = half_close(drain, fd, kernel);
	if (drain_waits_to_read(drain))
		drain->peer_has_ended = discard_some(drain, fd, kernel, now_us);
	if (drain->peer_has_ended && held_back)
		connected = is_heard(drain, fd, kernel);
	bool all_done = all_sent && !held_back && (drain->peer_has_ended || drain->sends_only);
	if (!all_done && connected && drain->peer_end != PEER_RESET)
		return false;
	end(drain, fd, kernel, now_us);
	return true;
}

bool drain_waits_to_send(const struct drain *drain)
{
	return residue_any(&drain->residue);
}

bool drain_waits_to_read(const struct drain *drain)
{
	return drain->reads && !drain->sends_only && !drain->peer_has_ended;
}

/* --- its limits --- */

void drain_give_up(struct drain *drain, int fd, const struct kernel *kernel, enum peer_end why,
		   uint64_t now_us)
{
	if (drain->ended_us)
		return;
	if (drain->peer_end == PEER_UNKNOWN)
		drain->peer_end = why;
	if (!is_held_back(drain)) /* else a thread of the program may be writing still */
		half_close(drain, fd, kernel);
	end(drain, fd, kernel, now_us);
}

static uint64_t first(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * What is ours is with the peer, who goes on sending: nothing is left to be saved by taking it, but the peer's time to read
 * what its kernel has. So for a while only, as servers have it that linger by themselves: else whoever floods is fed until
 * the other limits end it. (Linux still gives the peer what it had received, and then the reset.)
 */
static uint64_t end_of_sending(struct drain *drain, uint64_t now_us)
{
	if (drain->unsent || !drain->half_closed || residue_any(&drain->residue) ||
	    !drain_waits_to_read(drain))
		return UINT64_MAX;
	if (!drain->got_all_us)
		drain->got_all_us = now_us;
	if (!drain->received_us || now_us - drain->received_us > PAUSE_US)
		return now_us + drain->limits.sending_us;
	uint64_t since = drain->sending_us > drain->got_all_us ? drain->sending_us : drain->got_all_us;
	return since + drain->limits.sending_us;
}

uint64_t drain_look(struct drain *drain, int fd, const struct kernel *kernel, uint64_t now_us)
{
	uint32_t unsent = drain_unsent(fd, kernel);
	if (unsent < drain->unsent)
		drain->moved_us = now_us; /* slow, but alive */
	drain->unsent = unsent;

	uint64_t total = drain->since_us + drain->limits.total_us;
	uint64_t idle = drain->reads ? drain->moved_us + drain->limits.idle_us : total;
	uint64_t sending = end_of_sending(drain, now_us);
	if (now_us >= total || now_us >= idle || now_us >= sending) {
		drain_give_up(drain, fd, kernel,
			      now_us >= total || now_us >= sending ? PEER_OVER_LIMIT : PEER_IDLE, now_us);
		return 0;
	}
	total = first(total, sending);
	uint64_t next = unsent ? first(now_us + drain->limits.idle_us / LOOKS_IN_IDLE, idle) : idle;
	return first(total, next);
}
