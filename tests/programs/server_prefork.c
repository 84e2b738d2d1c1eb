/* SPDX-License-Identifier: MIT */
/*
 * Pre-forked workers on an inherited listener: each accepts and serves its share, frees and closes without
 * SSL_shutdown(), and exits at once; the parent waits for them. Starman, unicorn, apache's prefork.
 * --mode warm: the parent has served a connection of its own before it forks. --rounds: how many workers; it divides
 * what is left of --connections.
 */
#include <sys/wait.h>

#include "legacy.h"

static void serve_one(SSL_CTX *ctx, int listener)
{
	int fd = legacy_accept(listener);
	SSL *ssl = legacy_handshake(ctx, fd, true);

	legacy_exchange(ssl);
	SSL_free(ssl);
	close(fd);
}

static void work(SSL_CTX *ctx, int listener, int share)
{
	for (int i = 0; i < share; i++)
		serve_one(ctx, listener);
	exit(0);
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, true);
	int listener = legacy_listen();
	bool warm = legacy_is("warm");
	int status, failed = 0;

	if (warm)
		serve_one(ctx, listener);
	for (int i = 0; i < legacy.rounds; i++)
		if (fork() == 0)
			work(ctx, listener, (legacy.connections - warm) / legacy.rounds);
	alarm(60); /* it serves none any more, which would set it anew */
	while (wait(&status) > 0)
		failed += status != 0;
	printf("failed=%d\n", failed);
	return 0;
}
