/* SPDX-License-Identifier: MIT */
/*
 * SSL_free in one thread, while another asks all the time whether the numbers behind the socket's are closed, as they
 * were before: the next one is the lowest free one, which the next descriptor of the program's gets, and CPython's
 * test_makefile_close looks whether a number that it has just closed is. Prints whether one of them was seen open.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "legacy.h"

enum { WATCHED = 4 };

static atomic_int watched;  /* a connection's number, times 1024, and the first descriptor; 0: do not look */
static atomic_ulong rounds; /* an int would be through in five seconds */
static atomic_bool seen;

static void *watch(void *arg)
{
	for (;;) {
		int now = atomic_load(&watched), first = now % 1024;

		for (int fd = first; now && fd < first + WATCHED; fd++)
			if (fcntl(fd, F_GETFD) >= 0 && atomic_load(&watched) == now)
				atomic_store(&seen, true);
		atomic_fetch_add(&rounds, 1);
	}
	return arg;
}

static void talk(SSL *ssl, int fd)
{
	static int number;
	unsigned long before = atomic_load(&rounds);

	legacy_exchange(ssl);
	atomic_store(&watched, ++number * 1024 + fd + 1);
	while (atomic_load(&rounds) < before + 2)
		;
	SSL_free(ssl);
	atomic_store(&watched, 0);
	close(fd);
}

int main(int argc, char **argv)
{
	pthread_t watcher;
	int status;

	if (pthread_create(&watcher, NULL, watch, NULL) != 0)
		return 3;
	status = legacy_serve(argc, argv, talk);
	printf("seen-open=%s\n", atomic_load(&seen) ? "yes" : "no");
	return status;
}
