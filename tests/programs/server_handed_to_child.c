/* SPDX-License-Identifier: MIT */
/*
 * The parent makes the SSL, the child serves: the child's first byte makes it the owner, and the parent's SSL_free()
 * and close() must stay silent, whenever they come. Forking servers of the inetd school. --mode is made of words:
 * made: the parent has only made it, and the child accepts; else the handshake is the parent's, too;
 * early, midst, late: the parent lets go before the child's first call, in its midst, or when the child is gone;
 * closes: the parent closes and then frees; else it frees and then closes.
 */
#include <signal.h>
#include <sys/wait.h>

#include "legacy.h"

static int to_child[2], to_parent[2];

static bool has(const char *word)
{
	return strstr(legacy.mode, word) != NULL;
}

static void let_go(SSL *ssl, int fd)
{
	if (has("closes")) {
		close(fd);
		SSL_free(ssl);
	} else {
		SSL_free(ssl);
		close(fd);
	}
}

static void be_the_child(SSL *ssl, int fd)
{
	if (has("early"))
		legacy_await(to_child);
	if (has("made") && SSL_accept(ssl) != 1)
		exit(4);
	legacy_read_once(ssl);
	if (has("midst")) {
		legacy_tell(to_parent);
		legacy_await(to_child);
	}
	legacy_write(ssl);
	SSL_free(ssl);
	close(fd);
	exit(0);
}

static void talk(SSL *ssl, int fd)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		be_the_child(ssl, fd);
	if (has("midst"))
		legacy_await(to_parent);
	if (has("late"))
		waitpid(child, &status, 0);
	let_go(ssl, fd);
	if (!has("late")) {
		legacy_tell(to_child);
		waitpid(child, &status, 0);
	}
	printf("child=%d\n", status);
	fflush(stdout);
}

static SSL *make(SSL_CTX *ctx, int fd)
{
	SSL *ssl = SSL_new(ctx);

	SSL_set_fd(ssl, fd);
	SSL_set_accept_state(ssl);
	return ssl;
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, true);
	int listener = legacy_listen();

	if (pipe(to_child) != 0 || pipe(to_parent) != 0)
		return 3;
	for (int i = 0; i < legacy.connections; i++) {
		int fd = legacy_accept(listener);

		talk(has("made") ? make(ctx, fd) : legacy_handshake(ctx, fd, true), fd);
	}
	return 0;
}
