/* SPDX-License-Identifier: MIT */
/*
 * A connection that begins in the middle of a fork(), after the object's fork handler has looked at those that there are:
 * handlers run the last one first, and this one was there before the object's, which comes with the first connection
 * (LD_PRELOAD by hand). By chance that is a thread that connects while another one forks. The child lets go of what it has
 * inherited, as --mode says: free (and close), close, or exit; then the parent writes and lets go.
 */
#include <pthread.h>
#include <sys/wait.h>

#include "legacy.h"

static SSL_CTX *ctx;
static struct {
	SSL *ssl;
	int fd;
} first, late;

static void connect_late(void)
{
	late.fd = legacy_connect();
	late.ssl = legacy_handshake(ctx, late.fd, false);
}

static void be_the_child(void)
{
	if (legacy_is("exit"))
		exit(0);
	if (legacy_is("free"))
		SSL_free(late.ssl);
	close(late.fd);
	_exit(0);
}

static void write_and_let_go(SSL *ssl, int fd)
{
	if (!legacy_write(ssl))
		exit(4);
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	pid_t child;

	ctx = legacy_start(argc, argv, false);
	pthread_atfork(connect_late, NULL, NULL);
	first.fd = legacy_connect();
	first.ssl = legacy_handshake(ctx, first.fd, false);
	child = fork();
	if (child == 0)
		be_the_child();
	waitpid(child, NULL, 0);
	write_and_let_go(late.ssl, late.fd);
	write_and_let_go(first.ssl, first.fd);
	return 0;
}
