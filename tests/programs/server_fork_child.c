/* SPDX-License-Identifier: MIT */
/*
 * Forks after the handshake: both sides then hold the same keys and sequence number, and only one may speak.
 * --mode child: the child serves, the parent lets go at once (the forking servers of old; sshd-like inetd wrappers).
 * --mode parent: the parent serves, while a child that inherited the connection closes it (ncat --sh-exec, popen).
 * --mode parent-exit: the same, and the child only exits. --mode killed-parent: the same, and the child is killed.
 * --mode last: all was said before the fork, and the parent is the last to let go. --mode last-exec: the same, and
 * the child lets go by exec (CGI). --mode killed: the same, and the child is killed, which lets nobody know.
 * --mode shut: the child serves and says SSL_shutdown(); the parent waits until the peer is gone, and then calls shutdown().
 */
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "legacy.h"

static void let_go(SSL *ssl, int fd)
{
	SSL_free(ssl);
	close(fd);
}

static void serve(SSL *ssl, int fd)
{
	legacy_exchange(ssl);
	let_go(ssl, fd);
}

static void serve_and_say(SSL *ssl, int fd)
{
	legacy_exchange(ssl);
	SSL_shutdown(ssl);
	let_go(ssl, fd);
}

static void shut_after_peer(int fd)
{
	struct pollfd gone = {.fd = fd};

	poll(&gone, 1, 10000);
	printf("shutdown=%d\n", shutdown(fd, SHUT_RDWR));
}

static void be_the_child(SSL *ssl, int fd)
{
	if (legacy_is("killed") || legacy_is("killed-parent"))
		raise(SIGKILL);
	if (legacy_is("last-exec"))
		execl("/bin/true", "true", (char *)NULL);
	if (legacy_is("child"))
		serve(ssl, fd);
	else if (legacy_is("shut"))
		serve_and_say(ssl, fd);
	else if (!legacy_is("parent-exit"))
		let_go(ssl, fd);
	exit(0);
}

static void talk(SSL *ssl, int fd)
{
	bool said = legacy_is("last") || legacy_is("last-exec") || legacy_is("killed");
	pid_t child;

	if (said)
		legacy_exchange(ssl);
	child = fork();
	if (child == 0)
		be_the_child(ssl, fd);
	if (legacy_is("child"))
		let_go(ssl, fd);
	/* The child has let go before the parent says a word, or the test would show nothing. */
	waitpid(child, NULL, 0);
	if (legacy_is("shut"))
		shut_after_peer(fd);
	if (said || legacy_is("shut"))
		let_go(ssl, fd);
	else if (!legacy_is("child"))
		serve(ssl, fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
