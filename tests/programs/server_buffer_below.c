/* SPDX-License-Identifier: MIT */
/*
 * Puts a BIO_f_buffer between the SSL and its socket, to gather small records into one packet, and frees without a flush:
 * what SSL_write() took never leaves the process. Anything that tunes its handshake like that: old Apache modules, INN.
 */
#include "legacy.h"

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, true);
	int listener = legacy_listen();

	for (int i = 0; i < legacy.connections; i++) {
		BIO *bio = BIO_new_socket(legacy_accept(listener), BIO_CLOSE);
		SSL *ssl = SSL_new(ctx);

		bio = BIO_push(BIO_new(BIO_f_buffer()), bio);
		SSL_set_bio(ssl, bio, bio);
		SSL_accept(ssl);
		legacy_exchange(ssl);
		SSL_free(ssl);
	}
	close(listener);
	SSL_CTX_free(ctx);
	return legacy.status;
}
