/* SPDX-License-Identifier: MIT */
/*
 * Two processes have one connection, and both have something to do: the parent lets go first, and the child goes on.
 * --mode reader: the child reads, the parent writes, as the client of old that copies its two ways in two processes.
 * buffered: the same, and what the child reads first stands in OpenSSL's buffer since before the fork: no BIO tells of it.
 * --mode plain: TLS is over before the fork (FTPS with CCC), and the child goes on in plaintext; exec: likewise, by a program
 * that has the socket as its input and output (inetd).
 */
#include <sys/wait.h>

#include "legacy.h"

enum { REQUEST = 1024, TRAIL = 20480 };

static int to_child[2], to_parent[2];

static size_t read_bytes(SSL *ssl, size_t wanted)
{
	static char bytes[TRAIL];
	size_t got = 0;
	int n = 1;

	while (got < wanted && (n = SSL_read(ssl, bytes, (int)(wanted - got))) > 0)
		got += (size_t)n;
	return got;
}

static void read_on(SSL *ssl)
{
	size_t got = read_bytes(ssl, legacy_is("buffered") ? REQUEST - 1 : REQUEST);

	legacy_tell(to_parent);
	legacy_await(to_child);
	got += read_bytes(ssl, TRAIL);
	printf("read=%zu\n", got);
	fflush(stdout);
	_exit(0);
}

static void write_on(int fd)
{
	if (legacy_is("exec")) {
		dup2(to_child[0], 3);
		dup2(to_parent[1], 4);
		dup2(fd, 0);
		dup2(fd, 1);
		execl("/bin/sh", "sh", "-c", "echo >&4; head -c 1 <&3 >/dev/null; echo PLAIN", (char *)NULL);
	}
	legacy_await(to_child);
	_exit(write(fd, "PLAIN\n", 6) != 6);
}

static void talk(SSL *ssl, int fd)
{
	bool plain = legacy_is("plain") || legacy_is("exec");
	pid_t child;

	if (plain) {
		legacy_exchange(ssl);
		SSL_shutdown(ssl);
		SSL_free(ssl);
	}
	if (legacy_is("buffered"))
		read_bytes(ssl, 1);
	child = fork();
	if (child == 0 && plain)
		write_on(fd);
	if (child == 0)
		read_on(ssl);
	if (!legacy_is("plain"))
		legacy_await(to_parent);
	if (!plain) {
		legacy_write(ssl);
		SSL_free(ssl);
	}
	close(fd);
	legacy_tell(to_child);
	waitpid(child, NULL, 0);
}

int main(int argc, char **argv)
{
	if (pipe(to_child) != 0 || pipe(to_parent) != 0)
		return 3;
	return legacy_serve(argc, argv, talk);
}
