/* SPDX-License-Identifier: MIT */
/*
 * A library whose constructor starts a thread, and waits for it: it does so with the loader's lock, for which the thread
 * must not have to wait. Its calls are all the first of their kind in the process.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>

static void at_the_end(void)
{
}

static void *call_each(void *nothing)
{
	struct timespec no_time = {0};
	struct timeval at_once = {0};
	FILE *stream = fdopen(open("/dev/null", O_RDONLY), "r");

	poll(NULL, 0, 0);
	ppoll(NULL, 0, &no_time, NULL);
	select(0, NULL, NULL, NULL, &at_once);
	pselect(0, NULL, NULL, NULL, &no_time, NULL);
	stream = freopen("/dev/zero", "r", stream);
	if (stream)
		fclose(stream);
	atexit(at_the_end);
	return nothing;
}

__attribute__((constructor)) static void wait_for_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, call_each, NULL) == 0)
		pthread_join(thread, NULL);
}
