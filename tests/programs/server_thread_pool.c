/* SPDX-License-Identifier: MIT */
/*
 * Eight threads, one SSL_CTX, one listening socket: each thread takes connections, answers, and lets go of them in the
 * wrong way, every other one by close() before SSL_free(). The habit of thread-per-connection servers.
 */
#include <pthread.h>

#include "legacy.h"

enum { THREADS = 8 };

static SSL_CTX *ctx;
static int listener;
static _Atomic int taken;

static void *serve(void *nothing)
{
	int number;

	while ((number = taken++) < legacy.connections) {
		int fd = legacy_accept(listener);
		SSL *ssl = legacy_handshake(ctx, fd, true);

		legacy_exchange(ssl);
		if (number % 2)
			close(fd);
		SSL_free(ssl);
		if (number % 2 == 0)
			close(fd);
	}
	return nothing;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];

	ctx = legacy_start(argc, argv, true);
	listener = legacy_listen();
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, serve, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	SSL_CTX_free(ctx);
	return legacy.status;
}
