/* SPDX-License-Identifier: MIT */
/*
 * Serves through a BIO_f_ssl above a BIO_new_socket(BIO_CLOSE), reads once, answers, BIO_free_all(): close_notify comes from
 * BIO_free itself, and a RST over whatever lies unread. The way of OpenSSL's saccept demo and of many a little server.
 *
 * --mode handshake calls BIO_do_handshake() first; set_ssl gives an accepted SSL to the BIO; noclose keeps the socket, and
 * closes it afterwards; buffer puts a BIO_f_buffer above; ssl_shutdown says BIO_ssl_shutdown(); vfree frees one by one; up_ref
 * frees the chain twice; owned keeps the SSL, and frees it last.
 */
#include "legacy.h"

#include "judge/pattern.h"

static void write_pattern(BIO *bio, size_t from, size_t to)
{
	unsigned char *buf = malloc(to - from + 1);

	pattern_fill(buf, to - from, from);
	if (BIO_write(bio, buf, (int)(to - from)) != (int)(to - from))
		fprintf(stderr, "BIO_write failed\n");
	(void)BIO_flush(bio);
	free(buf);
}

static BIO *chain(SSL_CTX *ctx, int fd)
{
	BIO *bio = BIO_new_socket(fd, legacy_is("noclose") ? BIO_NOCLOSE : BIO_CLOSE), *top;

	if (legacy_is("set_ssl") || legacy_is("owned")) {
		SSL *ssl = SSL_new(ctx);

		SSL_set_bio(ssl, bio, bio);
		SSL_accept(ssl);
		top = BIO_new(BIO_f_ssl());
		BIO_set_ssl(top, ssl, legacy_is("owned") ? BIO_NOCLOSE : BIO_CLOSE);
		return top;
	}
	bio = BIO_push(BIO_new_ssl(ctx, 0), bio);
	if (legacy_is("handshake"))
		BIO_do_handshake(bio);
	return legacy_is("buffer") ? BIO_push(BIO_new(BIO_f_buffer()), bio) : bio;
}

static void leave(BIO *bio, int fd)
{
	SSL *ssl = NULL;

	BIO_get_ssl(bio, &ssl);
	if (legacy_is("ssl_shutdown"))
		BIO_ssl_shutdown(bio);
	if (legacy_is("vfree")) {
		BIO *socket = BIO_next(bio);

		BIO_vfree(bio);
		BIO_free(socket);
		return;
	}
	BIO_free_all(bio);
	if (legacy_is("owned"))
		SSL_free(ssl);
	if (legacy_is("noclose"))
		close(fd);
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, true);
	int listener = legacy_listen();
	char *request = malloc(legacy.read);

	for (int i = 0; i < legacy.connections; i++) {
		int fd = legacy_accept(listener);
		BIO *bio = chain(ctx, fd);
		size_t half = legacy_is("up_ref") ? legacy.write / 2 : 0;

		if (BIO_read(bio, request, (int)legacy.read) <= 0)
			fprintf(stderr, "BIO_read failed\n");
		if (half) {
			BIO_up_ref(bio);
			write_pattern(bio, 0, half);
			BIO_free_all(bio);
		}
		write_pattern(bio, half, legacy.write);
		leave(bio, fd);
	}
	free(request);
	close(listener);
	SSL_CTX_free(ctx);
	return legacy.status;
}
