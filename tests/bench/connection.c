/* SPDX-License-Identifier: MIT */
/*
 * A server of whole TLS 1.3 connections, one after the other: handshake, a short request, a reply of 1 KB, and
 * the end. The client is a process of its own (connection_peer.c), so that the server alone is counted.
 *
 *   bare      SSL_free and close, as legacy programs do
 *   by-hand   SSL_shutdown, SHUT_WR and a drain before that, as a patched program would; this is a right program, too
 *
 * `tests/bench/run` runs "bare" under the object, too. Prints its port; then the seconds that the connections
 * took, and which threads the process had while the first connection was open and whether they have descriptors
 * of their own: valgrind may lack the system calls that one way or another needs.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <linux/kcmp.h>
#include <time.h>
#include <unistd.h>

#include "connection.h"
#include "support.h"

static char threads_text[64] = "no second thread";

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Is there a thread that this program did not start, and has it a descriptor table of its own (kcmp(2))? */
static void look_at_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;

	if (!tasks)
		return;
	while ((task = readdir(tasks))) {
		long tid = strtol(task->d_name, NULL, 10);
		long order;

		if (tid <= 0 || tid == getpid())
			continue;
		order = syscall(SYS_kcmp, getpid(), tid, KCMP_FILES, 0, 0);
		snprintf(threads_text, sizeof(threads_text), "a second thread, %s",
			 order == 0  ? "the same descriptors"
			 : order > 0 ? "descriptors of its own"
				     : "descriptors unknown");
	}
	closedir(tasks);
}

static void goodbye_by_hand(SSL *ssl, int fd)
{
	char rest[4096];

	SSL_shutdown(ssl);
	shutdown(fd, SHUT_WR);
	while (recv(fd, rest, sizeof(rest), 0) > 0)
		continue;
}

static void serve(SSL *ssl)
{
	char request[REQUEST_BYTES];
	char reply[REPLY_BYTES] = "so long";

	bench_same_random_numbers();
	if (SSL_accept(ssl) != 1)
		bench_fail("SSL_accept");
	bench_read(ssl, request, sizeof(request));
	bench_write(ssl, reply, sizeof(reply));
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: %s bare|by-hand CONNECTIONS\n", argv[0]);
		return 2;
	}
	bench_start();

	int by_hand = strcmp(argv[1], "by-hand") == 0;
	long connections = bench_number(argv[2]);
	SSL_CTX *ctx = bench_server_context();
	double start = 0;
	int port;
	int listener = bench_listen(&port);

	printf("%d\n", port);
	fflush(stdout);
	for (long i = 0; i < connections; i++) {
		int fd = bench_accept(listener);
		SSL *ssl = SSL_new(ctx);

		SSL_set_fd(ssl, fd);
		if (i == 0)
			start = seconds_now();
		serve(ssl);
		if (i == 0)
			look_at_threads();
		if (by_hand)
			goodbye_by_hand(ssl, fd);
		SSL_free(ssl);
		close(fd);
	}
	printf("%.6f %s\n", seconds_now() - start, threads_text);
	return 0;
}
