/* SPDX-License-Identifier: MIT */
/*
 * main() leaves by pthread_exit(), and the process ends when its last thread does: services whose main() only starts
 * workers. Writes, frees and closes; the last to leave is main (no --mode), a thread that has talked TLS (--mode
 * worker), one that never did (--mode bystander). --mode open lets main leave with the connection open. What is printed at
 * the end stands in a buffer, which the exit has to write out.
 */
#include <pthread.h>

#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	legacy_write(ssl);
	if (legacy_is("open"))
		return;
	SSL_free(ssl);
	close(fd);
}

static int call_argc;
static char **call_argv;

static void *talk_in_thread(void *nothing)
{
	usleep(100000); /* main is to be gone by then; nothing depends on it */
	legacy_call(call_argc, call_argv, talk);
	printf("worker done\n");
	return nothing;
}

static void *stand_by(void *nothing)
{
	usleep(300000);
	return nothing;
}

int main(int argc, char **argv)
{
	bool worker = false, bystander = false;
	pthread_t thread;

	for (int i = 1; i < argc; i++) {
		worker |= strcmp(argv[i], "worker") == 0;
		bystander |= strcmp(argv[i], "bystander") == 0;
	}
	call_argc = argc;
	call_argv = argv;
	if (bystander)
		pthread_create(&thread, NULL, stand_by, NULL);
	if (worker)
		pthread_create(&thread, NULL, talk_in_thread, NULL);
	else
		legacy_call(argc, argv, talk);
	printf("main done\n");
	pthread_exit(NULL);
}
