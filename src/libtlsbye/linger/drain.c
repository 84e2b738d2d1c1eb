/* SPDX-License-Identifier: MIT */
/*
 * Why a drain at all: bytes that are unread at the close, or arrive after it, make the kernel answer with RST and
 * throw away what is still in its send queue (RFC 2525, 2.17; tcp_close() in Linux). So the read side is kept open
 * and emptied until the peer's FIN.
 */
#include "linger/drain.h"

#include "events/events.h"
#include "linger/ktls.h"
#include "sys/settings.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <time.h>

/* A peer that sends without end must not keep the thread from its other sockets. */
enum { CALLS_AT_ONCE = 16, DISCARD_AT_ONCE = 1 << 20 };

uint64_t clock_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint32_t drain_unsent(int fd)
{
	int bytes = 0;
	return ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? (uint32_t)bytes : 0;
}

bool drain_abort_meant(int fd)
{
	struct linger linger;
	socklen_t size = sizeof linger;
	return getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size) == 0 && linger.l_onoff &&
	       !linger.l_linger;
}

/* The beginning of the kernel's struct tcp_info, which glibc's header cuts off before the last member. */
struct tcp_facts {
	uint8_t state;
	uint8_t others[119];
	uint64_t bytes_acked; /* since Linux 4.1 */
};

/* state 0: it is not TCP, or the kernel does not tell. */
static struct tcp_facts tcp_facts(const struct connection *c, int fd)
{
	struct tcp_facts facts = {0};
	socklen_t size = sizeof facts;
	if (c->socket.family != AF_INET && c->socket.family != AF_INET6)
		return facts;
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &facts, &size) != 0)
		facts.state = 0;
	return facts;
}

bool drain_peer_is_open(const struct connection *c, int fd)
{
	int state = tcp_facts(c, fd).state, bytes = 0;
	bool open = state == TCP_ESTABLISHED || state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2;
	return open || (ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0);
}

bool drain_is_over(const struct connection *c, int fd)
{
	return tcp_facts(c, fd).state == TCP_CLOSE;
}

/* A FIN of ours that stands in the send queue counts as a byte there; it is none of the program's. */
static void note_state(struct connection *c, const struct tcp_facts *facts)
{
	int state = facts->state;
	c->queues.taken = facts->bytes_acked ? facts->bytes_acked + c->queues.unsent : 0;
	c->queues.over = state == TCP_CLOSE || state == TCP_TIME_WAIT;
	c->queues.peer_has_ended = state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK || state == TCP_CLOSING;
	bool fin_stands = state == TCP_FIN_WAIT1 || state == TCP_LAST_ACK || state == TCP_CLOSING ||
			  (c->queues.over && atomic_load(&c->released.close_paths) & PATH_SHUTDOWN);
	c->queues.unsent -= fin_stands && c->queues.unsent;
	c->queues.not_sent -= fin_stands && c->queues.not_sent;
}

void drain_measure(struct connection *c, int fd)
{
	int bytes = 0;
	c->queues.ktls = c->socket.family != AF_UNIX && ktls_is_on(fd);
	c->queues.measured = true;
	c->queues.unread = ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0 ? (uint32_t)bytes : 0;
	c->queues.unsent = drain_unsent(fd);
	struct tcp_facts facts = tcp_facts(c, fd); /* behind it: rather more acknowledged than less */
	/* The last thing before the close: what is still sent in between would be taken for lost. */
	c->queues.not_sent = ioctl(fd, SIOCOUTQNSD, &bytes) == 0 && bytes > 0 ? (uint32_t)bytes : 0;
	note_state(c, &facts);
}

void drain_forget_linger_time(int fd)
{
	struct linger linger;
	socklen_t size = sizeof linger;
	if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size) == 0 && linger.l_onoff && linger.l_linger) {
		linger.l_onoff = 0;
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	}
}

bool drain_half_close(struct connection *c, int fd)
{
	drain_forget_linger_time(fd);
	bool connected = real.shutdown(fd, SHUT_WR) == 0;
	if (connected && !c->released.half_closed)
		events_half_close(c, BY_TLSBYE);
	c->released.half_closed |= connected;
	return connected;
}

/*
 * TCP throws the bytes away in the kernel (MSG_TRUNC, tcp(7)): the buffer is never written, nor its memory ever used. It
 * stands there for the sockets that do copy: AF_UNIX. EIO: TLS in the kernel, of which getsockopt() did not tell.
 */
static ssize_t discard(struct connection *c, int fd)
{
	static char nowhere[DISCARD_AT_ONCE];
	if (c->queues.ktls)
		return ktls_discard(fd, &c->seen.peer_notified);
	bool tcp = c->socket.family == AF_INET || c->socket.family == AF_INET6;
	ssize_t n = real.recv(fd, nowhere, sizeof nowhere, MSG_DONTWAIT | (tcp ? MSG_TRUNC : 0));
	return n < 0 && errno == EIO ? ktls_discard(fd, &c->seen.peer_notified) : n;
}

bool drain_some(struct connection *c, int fd)
{
	for (int call = 0; call < CALLS_AT_ONCE; call++) {
		ssize_t n = discard(c, fd);
		if (n > 0) {
			c->drained += (uint64_t)n;
			if (c->drained > settings->linger_bytes) {
				c->released.peer_end = PEER_OVER_LIMIT;
				return true;
			}
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return false;
		if (n < 0 && !ktls_cannot_read(errno))
			c->released.peer_end = PEER_RESET;
		else if (n == 0 && c->released.peer_end == PEER_UNKNOWN && !c->released.read_shut)
			c->released.peer_end = c->seen.reset ? PEER_RESET : PEER_FIN; /* a reset is told once */
		return true;
	}
	return false;
}
