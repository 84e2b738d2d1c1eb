/* SPDX-License-Identifier: MIT */
/*
 * Threads that connect, write, free, close and fork, with the object's own sources linked in: so ThreadSanitizer is there
 * before them, which it is not before a preloaded object. Both ends of each connection are this process's.
 *
 *   check_races [ROUNDS]
 *
 * Built by tests/full/sanitizers.bats only. Prints how many connections there were.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "judge/tls.h"
#include "loopback.h"

enum { WORKERS = 4, ROUNDS = 40, BYTES = 5000 };

static SSL_CTX *server_ctx, *client_ctx;
static atomic_uint connections;
static int rounds = ROUNDS, nowhere;

static SSL *over(SSL_CTX *ctx, int fd)
{
	SSL *ssl = SSL_new(ctx);
	if (!ssl || SSL_set_fd(ssl, fd) != 1)
		exit(1);
	return ssl;
}

/* --- the peer: reads to the end --- */

static void *peer(void *end)
{
	int fd = *(int *)end;
	char bytes[2048];
	SSL *ssl = over(server_ctx, fd);
	if (SSL_accept(ssl) == 1) {
		SSL_write(ssl, "hello", 5);
		while (SSL_read(ssl, bytes, sizeof bytes) > 0)
			;
	}
	SSL_free(ssl);
	close(fd);
	return NULL;
}

/* --- ways to let go --- */

typedef void way(SSL *ssl, int fd);

static void free_then_close(SSL *ssl, int fd)
{
	SSL_free(ssl);
	close(fd);
}

static void close_then_free(SSL *ssl, int fd)
{
	close(fd);
	SSL_free(ssl);
}

static void shut_down(SSL *ssl, int fd)
{
	SSL_shutdown(ssl);
	shutdown(fd, SHUT_WR);
	free_then_close(ssl, fd);
}

static void copy_then_close(SSL *ssl, int fd)
{
	int copy = dup(fd);
	close(fd);
	SSL_free(ssl);
	close(copy);
}

static void *read_some(void *ssl)
{
	char bytes[64];
	SSL_read(ssl, bytes, sizeof bytes);
	return NULL;
}

/* Another thread is in SSL_read, or has been, or will be: so the number is not set free before it is done. */
static void replace_beside_reader(SSL *ssl, int fd)
{
	pthread_t reader;
	pthread_create(&reader, NULL, read_some, ssl);
	dup2(nowhere, fd);
	pthread_join(reader, NULL);
	SSL_free(ssl);
	close(fd);
}

/* The child tidies up, as children do; it is of one thread. */
static void fork_then_close(SSL *ssl, int fd)
{
	pid_t child = fork();
	if (child == 0) {
		close(fd);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	free_then_close(ssl, fd);
}

static way *const ways[] = {free_then_close, close_then_free,       shut_down,
			    copy_then_close, replace_beside_reader, fork_then_close};

/* --- all --- */

static void connect_once(way *let_go)
{
	static const char bytes[BYTES];
	int ends[2];
	pthread_t thread;
	connect_tcp(ends);
	pthread_create(&thread, NULL, peer, &ends[PEERS]);
	SSL *ssl = over(client_ctx, ends[OURS]);
	if (SSL_connect(ssl) == 1 && SSL_write(ssl, bytes, BYTES) == BYTES)
		atomic_fetch_add(&connections, 1);
	let_go(ssl, ends[OURS]);
	pthread_join(thread, NULL);
}

static void *work(void *first)
{
	for (int i = 0; i < rounds; i++)
		connect_once(ways[(size_t)(*(int *)first + i) % (sizeof ways / sizeof *ways)]);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t workers[WORKERS];
	int firsts[WORKERS];
	if (argc > 1)
		rounds = atoi(argv[1]);
	alarm(300);
	signal(SIGPIPE, SIG_IGN); /* of a peer that writes after the close */
	nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	server_ctx = tls_context(&(struct script){.server = true, .tickets = true});
	client_ctx = tls_context(&(struct script){.server = false});
	for (int i = 0; i < WORKERS; i++) {
		firsts[i] = i;
		pthread_create(&workers[i], NULL, work, &firsts[i]);
	}
	for (int i = 0; i < WORKERS; i++)
		pthread_join(workers[i], NULL);
	printf("%u connections\n", atomic_load(&connections));
	return connections == (unsigned)(WORKERS * rounds) ? 0 : 1;
}
