/* SPDX-License-Identifier: MIT */
/*
 * getaddrinfo() has no time limit of its own (a dead name server holds it for half a minute), so it runs in a thread that is left
 * behind when it takes too long. Then each address gets its share of the time, in the order of the answer: a peer
 * whose IPv6 is dead is reached by IPv4.
 */
#include "reach.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "judge/clock.h"

/* --- names --- */

/* Shared by the two threads; the last one frees it. */
struct lookup {
	pthread_mutex_t lock;
	pthread_cond_t change;
	bool done, left_behind;
	int error, system_error; /* errno is a thread's own: EAI_SYSTEM's is kept beside it */
	struct addrinfo *found;
	struct addrinfo hints;
	char host[256], port[8];
};

static void lookup_free(struct lookup *l)
{
	if (l->found)
		freeaddrinfo(l->found);
	pthread_cond_destroy(&l->change);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static void *look_up(void *arg)
{
	struct lookup *l = arg;
	bool left_behind;

	l->error = getaddrinfo(l->host[0] ? l->host : NULL, l->port, &l->hints, &l->found);
	l->system_error = errno;
	pthread_mutex_lock(&l->lock);
	l->done = true;
	left_behind = l->left_behind;
	pthread_cond_signal(&l->change);
	pthread_mutex_unlock(&l->lock);
	if (left_behind)
		lookup_free(l);
	return NULL;
}

static struct lookup *lookup_new(const struct plan *plan)
{
	struct lookup *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->change, NULL);
	snprintf(l->host, sizeof(l->host), "%s", plan->host);
	snprintf(l->port, sizeof(l->port), "%s", plan->port);
	l->hints = (struct addrinfo){.ai_socktype = SOCK_STREAM,
				     .ai_flags = AI_NUMERICSERV | (plan->listen ? AI_PASSIVE : 0)};
	return l;
}

/* Waits for the thread; true where it was left behind. SIGINT is looked for ten times a second. */
static bool leave_behind(struct lookup *l, int64_t until_ms)
{
	bool left;

	pthread_mutex_lock(&l->lock);
	while (!l->done && !plan_stopped && clock_now_ms() < until_ms) {
		struct timespec t;

		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_nsec += 100000000;
		t.tv_sec += t.tv_nsec / 1000000000;
		t.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&l->change, &l->lock, &t);
	}
	left = l->left_behind = !l->done;
	pthread_mutex_unlock(&l->lock);
	return left;
}

static void tell_lookup(const struct plan *plan, const struct lookup *l, struct trouble *trouble)
{
	const char *reason = l->error == EAI_SYSTEM ? strerror(l->system_error) : gai_strerror(l->error);
	const char *advice = "is the name spelt right?";

	if (l->error == EAI_SYSTEM || l->error == EAI_MEMORY)
		advice = "it could not be looked up";
	else if (l->error == EAI_AGAIN)
		advice = "is the name spelt right, and does a name server answer here?";
	plan_trouble_is(trouble, "%s: %s; %s", plan->host, reason, advice);
}

/* The addresses, for freeaddrinfo(); NULL: the trouble tells why. */
static struct addrinfo *addresses(const struct plan *plan, struct trouble *trouble)
{
	struct lookup *l = lookup_new(plan);
	struct addrinfo *found = NULL;
	pthread_t thread;

	if (!l || pthread_create(&thread, NULL, look_up, l) != 0) {
		if (l)
			lookup_free(l);
		plan_trouble_is(trouble, "%s cannot be looked up: no memory, or no thread", plan->host);
		return NULL;
	}
	pthread_detach(thread);
	if (leave_behind(l, clock_now_ms() + plan->timeout_ms)) {
		plan_trouble_is(trouble,
				"%s: no name server answered within %g s; is the network up? see --timeout",
				plan->host, (double)plan->timeout_ms / 1000);
		return NULL;
	}
	if (l->error == 0) {
		found = l->found;
		l->found = NULL;
	} else {
		tell_lookup(plan, l, trouble);
	}
	lookup_free(l);
	return found;
}

static void name_peer(struct peer *peer, const struct sockaddr *address, socklen_t size)
{
	char host[64] = "?", port[8] = "?";

	memcpy(&peer->address, address, size);
	peer->size = size;
	getnameinfo(address, size, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(peer->text, sizeof(peer->text), address->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host,
		 port);
}

/* --- sockets --- */

bool reach_wait(int fd, short events, int64_t until_ms)
{
	while (!plan_stopped) {
		int64_t left = until_ms - clock_now_ms();
		struct pollfd p = {.fd = fd, .events = events};

		if (left <= 0)
			return false;
		if (poll(&p, 1, left < 100 ? (int)left : 100) > 0)
			return true;
	}
	return false;
}

/* Nagle would hold the second part of what is said back until the first is acknowledged. */
static int new_socket(int family, int receive_buffer)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (receive_buffer > 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
	return fd;
}

/* The errno of one attempt, or 0. */
static int attempt(int fd, const struct sockaddr *address, socklen_t size, int64_t until_ms)
{
	int error = 0;
	socklen_t error_size = sizeof(error);

	if (connect(fd, address, size) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (!reach_wait(fd, POLLOUT, until_ms))
		return plan_stopped ? EINTR : ETIMEDOUT;
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size);
	return error;
}

static int connect_to(struct peer *peer, const struct sockaddr *address, socklen_t size, int receive_buffer,
		      int64_t until_ms, int *error)
{
	int64_t start = clock_now_ms();
	int fd = new_socket(address->sa_family, receive_buffer);

	*error = fd < 0 ? errno : attempt(fd, address, size, until_ms);
	if (*error == 0) {
		if (!peer->known)
			name_peer(peer, address, size);
		peer->known = true;
		peer->rtt_ms = clock_now_ms() - start;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* "again": it took a connection before. */
static void tell_error(const struct plan *plan, int error, bool again, struct trouble *trouble)
{
	const char *advice = "";

	if (error == ECONNREFUSED && again)
		advice = "; it took one before: has it more than one connection to give?";
	else if (error == ECONNREFUSED)
		advice = "; nothing listens there, or a firewall refuses it";
	else if (error == ETIMEDOUT)
		advice = "; is there a firewall between? see --timeout";
	else if (error == ENETUNREACH || error == EHOSTUNREACH)
		advice = "; is there a route to it?";
	plan_trouble_is(trouble, "cannot connect to %s, port %s: %s%s", plan->host, plan->port,
			strerror(error), advice);
}

/* Every address has its share of the time, so that a dead one leaves some for the others. */
static int connect_first(const struct plan *plan, struct peer *peer, const struct addrinfo *found,
			 int receive_buffer, struct trouble *trouble)
{
	int64_t until = clock_now_ms() + plan->timeout_ms;
	int left = 0, fd = -1, error = ETIMEDOUT;

	for (const struct addrinfo *a = found; a; a = a->ai_next)
		left++;
	for (const struct addrinfo *a = found; a && fd < 0 && !plan_stopped; a = a->ai_next, left--)
		fd = connect_to(peer, a->ai_addr, a->ai_addrlen, receive_buffer,
				clock_now_ms() + (until - clock_now_ms()) / left, &error);
	if (fd < 0)
		tell_error(plan, error, false, trouble);
	return fd;
}

int reach_connect(const struct plan *plan, struct peer *peer, int receive_buffer, struct trouble *trouble)
{
	struct addrinfo *found;
	int fd, error;

	if (peer->known) {
		fd = connect_to(peer, (struct sockaddr *)&peer->address, peer->size, receive_buffer,
				clock_now_ms() + plan->timeout_ms, &error);
		if (fd < 0)
			tell_error(plan, error, true, trouble);
		return fd;
	}
	found = addresses(plan, trouble);
	if (!found)
		return -1;
	fd = connect_first(plan, peer, found, receive_buffer, trouble);
	freeaddrinfo(found);
	return fd;
}

int reach_listen(const struct plan *plan, struct peer *peer, int receive_buffer, struct trouble *trouble)
{
	struct addrinfo *found = addresses(plan, trouble);
	struct sockaddr_storage name;
	socklen_t size = sizeof(name);
	int fd, on = 1;

	if (!found)
		return -1;
	fd = new_socket(found->ai_family, receive_buffer);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, 64) != 0 ||
	    getsockname(fd, (struct sockaddr *)&name, &size) != 0) {
		plan_trouble_is(trouble,
				"cannot listen on %s, port %s: %s; port 0 lets the kernel choose one",
				plan->host, plan->port, strerror(errno));
		if (fd >= 0)
			close(fd);
		fd = -1;
	} else {
		name_peer(peer, (struct sockaddr *)&name, size);
	}
	freeaddrinfo(found);
	return fd;
}

int reach_accept(const struct plan *plan, int listener, struct peer *client, struct trouble *trouble)
{
	int64_t until = clock_now_ms() + plan->wait_ms;

	while (reach_wait(listener, POLLIN, until)) {
		struct sockaddr_storage name;
		socklen_t size = sizeof(name);
		int fd = accept4(listener, (struct sockaddr *)&name, &size, SOCK_CLOEXEC | SOCK_NONBLOCK),
		    on = 1;

		if (fd >= 0) {
			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
			name_peer(client, (struct sockaddr *)&name, size);
			return fd;
		}
		if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
			plan_trouble_is(trouble,
					"cannot accept: %s; look at the limit of open files (ulimit -n)",
					strerror(errno));
			return -1;
		}
	}
	if (plan_stopped)
		plan_trouble_is(trouble, "interrupted");
	else
		plan_trouble_is(trouble,
				"no client came within %g s; does it connect to this address? see --wait",
				(double)plan->wait_ms / 1000);
	return -1;
}
