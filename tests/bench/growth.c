/* SPDX-License-Identifier: MIT */
/*
 * Does a connection cost the same in a process that has many of them, many other descriptors, many epoll sets? A server
 * that keeps LIVE connections, OTHERS descriptors without TLS and SETS epoll sets, and then serves ROUNDS connections
 * more, one after the other: each is in one of the sets, and ends by SSL_free and close.
 *
 * Prints its port; then the median of the processor time of its own thread, in nanoseconds, that a connection takes but for
 * its handshake: accept, SSL_new, SSL_set_fd, epoll_ctl; a request and a reply; SSL_free, close. The median, because
 * other processes' interrupts are counted too.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "connection.h"
#include "support.h"

static SSL_CTX *ctx;
static int listener, *sets;
static long set_count;

static long cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static void open_others(long others)
{
	for (long i = 0; i < others; i++)
		if (open("/dev/null", O_RDONLY) < 0)
			bench_fail("open");
	sets = calloc(set_count, sizeof(*sets));
	for (long i = 0; i < set_count; i++)
		if (!sets || (sets[i] = epoll_create1(EPOLL_CLOEXEC)) < 0)
			bench_fail("epoll_create1");
}

/* The i-th connection; what it takes, but for the handshake, is added to *ns. */
static SSL *serve(long i, long *ns)
{
	struct epoll_event event = {.events = EPOLLIN};
	char request[REQUEST_BYTES], reply[REPLY_BYTES] = "so long";
	long start = cpu_ns();
	int fd = bench_accept(listener);
	SSL *ssl = SSL_new(ctx);

	SSL_set_fd(ssl, fd);
	epoll_ctl(sets[i % set_count], EPOLL_CTL_ADD, fd, &event);
	*ns += cpu_ns() - start;
	bench_same_random_numbers();
	if (SSL_accept(ssl) != 1)
		bench_fail("SSL_accept");
	start = cpu_ns();
	bench_read(ssl, request, sizeof(request));
	bench_write(ssl, reply, sizeof(reply));
	*ns += cpu_ns() - start;
	return ssl;
}

static long one_round(long i)
{
	long ns = 0;
	SSL *ssl = serve(i, &ns);
	int fd = SSL_get_fd(ssl);
	long start = cpu_ns();

	SSL_free(ssl);
	close(fd);
	return ns + cpu_ns() - start;
}

static int by_size(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: %s LIVE OTHERS SETS ROUNDS\n", argv[0]);
		return 2;
	}
	bench_start();

	long live = bench_number(argv[1]), others = bench_number(argv[2]), rounds = bench_number(argv[4]);
	long *costs = calloc(rounds, sizeof(*costs)), kept = 0;
	int port;

	set_count = bench_number(argv[3]);
	bench_room_for(live + others + set_count);
	open_others(others);
	ctx = bench_server_context();
	listener = bench_listen(&port);
	printf("%d\n", port);
	fflush(stdout);
	for (long i = 0; i < live; i++)
		serve(i, &kept);
	for (long i = 0; i < rounds; i++)
		costs[i] = one_round(i);
	qsort(costs, rounds, sizeof(*costs), by_size);
	printf("%ld\n", costs[rounds / 2]);
	fflush(stdout);
	_exit(0); /* what is live is no part of this */
}
