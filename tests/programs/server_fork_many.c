/* SPDX-License-Identifier: MIT */
/*
 * A server that has --rounds older connections when it forks a helper, as one that is re-executed for an upgrade: all was said
 * before; the helper lets go, and then the server. Prints how much processor time the fork has taken.
 */
#include <sys/wait.h>
#include <time.h>

#include "legacy.h"

static long processor_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void talk(SSL *ssl, int fd)
{
	long before;
	pid_t child;

	legacy_exchange(ssl);
	before = processor_us();
	child = fork();
	if (child == 0)
		exit(0);
	printf("us=%ld\n", processor_us() - before);
	fflush(stdout);
	waitpid(child, NULL, 0);
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, true);
	int listener, fd;

	for (int i = 0; i < legacy.rounds; i++)
		SSL_new(ctx);
	listener = legacy_listen();
	fd = legacy_accept(listener);
	talk(legacy_handshake(ctx, fd, true), fd);
	return 0;
}
