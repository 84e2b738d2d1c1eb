/* SPDX-License-Identifier: MIT */
/*
 * Two threads close the descriptor at the same moment, and one of them gets EBADF: a double close, as in programs
 * whose watchdog and whose worker both clean up. Prints what the two got.
 */
#include <errno.h>
#include <pthread.h>

#include "legacy.h"

static pthread_barrier_t barrier;
static _Atomic int closed, refused;

static void *closer(void *fd)
{
	pthread_barrier_wait(&barrier);
	if (close(*(int *)fd) == 0)
		closed++;
	else if (errno == EBADF)
		refused++;
	return NULL;
}

static void talk(SSL *ssl, int fd)
{
	pthread_t other;

	legacy_exchange(ssl);
	closed = refused = 0;
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&other, NULL, closer, &fd);
	closer(&fd);
	pthread_join(other, NULL);
	printf("closed=%d refused=%d\n", closed, refused);
	fflush(stdout);
	SSL_free(ssl);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
