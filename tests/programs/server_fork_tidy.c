/* SPDX-License-Identifier: MIT */
/*
 * Reads once and forks; the child lets go of what it inherited as drivers of databases and pre-forking servers do, without a byte
 * on the wire, and the parent goes on: answers, frees, closes. --mode: what the child calls first.
 * fake, fakeonly: SSL_set_shutdown() of both sides, with SSL_shutdown() and without; quiet: quiet shutdown; quietexit: the same, and
 * it exits; read, peek: a non-blocking SSL_read() or SSL_peek(); pending: SSL_pending() and SSL_get_error(); exit: nothing at all.
 * said: the parent has answered, and said SSL_shutdown(), before the fork.
 * bio: the child answers by BIO_write() through a BIO_f_ssl, and exits; the parent frees and closes.
 * both: the child answers, and the parent, too: what nobody may do.
 */
#include <fcntl.h>
#include <sys/wait.h>

#include "judge/pattern.h"
#include "legacy.h"

static BIO *chain;

static void write_by_bio(SSL *ssl)
{
	unsigned char *bytes = malloc(legacy.write);

	BIO_set_ssl(chain, ssl, BIO_NOCLOSE);
	pattern_fill(bytes, legacy.write, 0);
	_exit(BIO_write(chain, bytes, (int)legacy.write) != (int)legacy.write);
}

static void look_for_bytes(SSL *ssl, int fd)
{
	int flags = fcntl(fd, F_GETFL);
	char bytes[100];

	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	if (legacy_is("read"))
		SSL_read(ssl, bytes, sizeof(bytes));
	else
		SSL_peek(ssl, bytes, sizeof(bytes));
	fcntl(fd, F_SETFL, flags);
}

static void be_the_child(SSL *ssl, int fd)
{
	if (strncmp(legacy.mode, "quiet", 5) == 0)
		SSL_set_quiet_shutdown(ssl, 1);
	if (strncmp(legacy.mode, "fake", 4) == 0)
		SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	if (legacy_is("fake") || legacy_is("quiet") || legacy_is("quietexit"))
		SSL_shutdown(ssl);
	if (legacy_is("read") || legacy_is("peek"))
		look_for_bytes(ssl, fd);
	if (legacy_is("pending"))
		SSL_get_error(ssl, SSL_pending(ssl) - 1);
	if (legacy_is("both"))
		legacy_write(ssl);
	if (legacy_is("bio"))
		write_by_bio(ssl);
	if (legacy_is("exit") || legacy_is("quietexit"))
		exit(0);
	SSL_free(ssl);
	close(fd);
	_exit(0);
}

static void talk(SSL *ssl, int fd)
{
	pid_t child;

	legacy_read_once(ssl);
	if (legacy_is("said")) {
		legacy_write(ssl);
		SSL_shutdown(ssl);
	}
	if (legacy_is("bio"))
		chain = BIO_new(BIO_f_ssl());
	child = fork();
	if (child == 0)
		be_the_child(ssl, fd);
	waitpid(child, NULL, 0);
	if (!legacy_is("said") && !legacy_is("bio"))
		legacy_write(ssl);
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
