/* SPDX-License-Identifier: MIT */
/*
 * TLS over a BIO of the program's own (own_bio.h): haproxy, apache2, PostgreSQL. --mode CALLS-ORDER, with the CALLS of
 * own_bio.h. ORDER: free (SSL_free, then close), close (then SSL_free), shutdown (SSL_shutdown first), again (the SSL gets
 * a second such BIO in between), holds (the end of the reply is still in the program's buffer at SSL_free, and goes out
 * behind it), clear (one SSL for all connections), fork (the child serves, the parent closes before), half (SHUT_WR).
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include "own_bio.h"

static const char *order;

static bool ends_by(const char *name)
{
	return strcmp(order, name) == 0;
}

static void let_go(SSL *ssl, int fd)
{
	BIO *bio = SSL_get_wbio(ssl);

	BIO_up_ref(bio);
	if (!ends_by("holds"))
		own_bio_flush(bio);
	if (ends_by("half"))
		shutdown(fd, SHUT_WR);
	if (ends_by("shutdown"))
		SSL_shutdown(ssl);
	if (ends_by("close") || ends_by("clear"))
		close(fd);
	if (ends_by("clear"))
		SSL_clear(ssl);
	else
		SSL_free(ssl);
	if (!ends_by("close") && !ends_by("clear")) {
		own_bio_flush(bio);
		close(fd);
	}
	BIO_free(bio);
}

static void serve(SSL *ssl, int fd)
{
	own_bio_handshake(ssl, legacy.mode, fd);
	legacy_read_once(ssl);
	if (ends_by("again")) {
		BIO *second = own_bio_new(legacy.mode, fd);

		own_bio_flush(SSL_get_wbio(ssl));
		SSL_set_bio(ssl, second, second);
	}
	legacy_write(ssl);
	let_go(ssl, fd);
}

/* PostgreSQL forks before the handshake; here the keys are shared, and the parent lets go first. */
static void serve_in_child(SSL *ssl, int fd)
{
	int parent_is_done[2];
	char nothing;

	own_bio_handshake(ssl, legacy.mode, fd);
	if (pipe(parent_is_done) != 0)
		exit(3);
	if (fork() == 0) {
		close(parent_is_done[1]);
		if (read(parent_is_done[0], &nothing, 1) != 0)
			exit(3);
		legacy_exchange(ssl);
		let_go(ssl, fd);
		exit(0);
	}
	SSL_free(ssl);
	close(fd);
	close(parent_is_done[0]);
	close(parent_is_done[1]);
	wait(NULL);
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, true);
	int listener = legacy_listen();
	SSL *ssl = SSL_new(ctx);

	order = strchr(legacy.mode, '-') + 1;
	for (int i = 0; i < legacy.connections; i++) {
		int fd = legacy_accept(listener);

		if (ends_by("fork"))
			serve_in_child(ssl, fd);
		else
			serve(ssl, fd);
		if (!ends_by("clear"))
			ssl = SSL_new(ctx);
	}
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	return legacy.status;
}
