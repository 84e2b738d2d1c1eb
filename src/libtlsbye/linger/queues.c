/* SPDX-License-Identifier: MIT */
/* See queues.h. */
#include "linger/queues.h"

#include "connection/which_socket.h"
#include "events/events.h"
#include "linger/ktls.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

/* The beginning of the kernel's struct tcp_info, which glibc's header cuts off before the last members. */
struct tcp_facts {
	uint8_t state;
	uint8_t others[15];
	uint32_t snd_mss;
	uint32_t rcv_mss;
	uint32_t unacked; /* segments */
	uint32_t others_too[13];
	uint32_t snd_cwnd; /* segments */
	uint32_t others_yet[9];
	uint64_t bytes_acked; /* since Linux 4.1 */
	uint32_t others_after[4];
	uint32_t notsent_bytes; /* since Linux 4.6 */
};

/* state 0: it is not TCP, or the kernel does not tell. */
static struct tcp_facts tcp_facts(const struct connection *c, int fd)
{
	struct tcp_facts facts = {0};
	socklen_t size = sizeof facts;
	if (c->socket.is_unix || c->socket.datagram)
		return facts;
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &facts, &size) != 0)
		facts.state = 0;
	return facts;
}

static uint32_t bytes_in(int fd, unsigned long queue)
{
	int bytes = 0;
	return ioctl(fd, queue, &bytes) == 0 && bytes > 0 ? (uint32_t)bytes : 0;
}

/* So far the peer has not ended. */
static bool is_open(const struct tcp_facts *facts)
{
	return facts->state == TCP_ESTABLISHED || facts->state == TCP_FIN_WAIT1 ||
	       facts->state == TCP_FIN_WAIT2;
}

bool queues_peer_is_open(const struct connection *c, int fd)
{
	struct tcp_facts facts = tcp_facts(c, fd);
	return is_open(&facts) || bytes_in(fd, FIONREAD);
}

bool queues_is_over(const struct connection *c, int fd)
{
	return tcp_facts(c, fd).state == TCP_CLOSE;
}

/* A FIN of ours that stands in the send queue counts as a byte there; it is none of the program's. */
static void note_state(struct connection *c, const struct tcp_facts *facts)
{
	struct queues *queues = &c->queues;
	int state = facts->state;
	queues->taken = facts->bytes_acked ? facts->bytes_acked + queues->unsent : 0;
	queues->over = state == TCP_CLOSE || state == TCP_TIME_WAIT;
	queues->peer_has_ended = state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK || state == TCP_CLOSING;
	bool fin_stands = state == TCP_FIN_WAIT1 || state == TCP_LAST_ACK || state == TCP_CLOSING ||
			  (queues->over && atomic_load(&c->released.close_paths) & PATH_SHUTDOWN);
	queues->unsent -= fin_stands && queues->unsent;
	queues->not_sent -= fin_stands && queues->not_sent;
}

/*
 * Asked for after the state: what had come before a FIN that stands there is counted, or a close would reset. Before the peer's
 * end it is only told.
 */
static void note_unread(struct queues *queues, const struct tcp_facts *facts, int fd)
{
	queues->unread = is_open(facts) && !events_end_is_heard() ? 0 : bytes_in(fd, FIONREAD);
}

void queues_measure(struct connection *c, int fd)
{
	struct queues *queues = &c->queues;
	queues->measured = queues->fresh = true;
	struct tcp_facts facts = tcp_facts(c, fd);
	note_unread(queues, &facts, fd);
	if (!facts.state)
		which_socket_addresses(c, fd); /* it is AF_UNIX, as a rule */
	bool all_acknowledged = facts.state && !facts.unacked && !facts.notsent_bytes;
	queues->unsent = all_acknowledged ? 0 : bytes_in(fd, SIOCOUTQ);
	queues->not_sent = facts.notsent_bytes;
	queues->window = (uint64_t)facts.snd_cwnd * facts.snd_mss;
	note_state(c, &facts);
	queues->ktls = c->seen.ktls && ktls_is_on(fd, &kernel_libc);
}

/* As recv() answers: 0 at the end, 1 where something is unread, -errno. A reset is told once: so it is noted. */
static long peek(struct connection *c, int fd)
{
	char byte;
	long answer = kernel_libc.recv(fd, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT);
	if (answer < 0 && answer != -EAGAIN && answer != -EWOULDBLOCK)
		c->released.peer_end = PEER_RESET;
	return answer;
}

static bool was_reset(const struct connection *c)
{
	return c->seen.reset || c->released.peer_end == PEER_RESET;
}

/* A read side that the program shut is at its end in any case, and of the kernel's records it would be a whole one. */
bool queues_is_at_end(struct connection *c, int fd)
{
	if (was_reset(c) || c->released.read_shut || c->seen.ktls || peek(c, fd) != 0)
		return false;
	c->queues.measured = c->queues.peer_has_ended = true;
	c->queues.unread = 0;
	c->released.peer_end = PEER_FIN;
	return true;
}

void queues_note_end(struct connection *c, int fd)
{
	if (c->queues.over && !was_reset(c))
		peek(c, fd);
	if (was_reset(c))
		c->released.peer_end = PEER_RESET;
	else if (!c->released.read_shut)
		c->released.peer_end = PEER_FIN;
}
