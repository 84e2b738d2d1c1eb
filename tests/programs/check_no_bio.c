/* SPDX-License-Identifier: MIT */
/*
 * SSLs that have no BIO: made to ask something of the SSL_CTX and freed again, or relieved of their BIOs before they
 * go, as programs do that own the BIOs. Prints after each step what stands in OpenSSL's error queue: whatever does would
 * be taken by SSL_get_error for the error of the next call on another connection of this thread (P5).
 */
#include "legacy.h"

static void step(const char *name)
{
	unsigned long error = ERR_peek_error();

	printf("%s: %s\n", name, error ? ERR_reason_error_string(error) : "no error");
	ERR_clear_error();
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, false);
	SSL *ssl = SSL_new(ctx);
	BIO *bio;

	SSL_free(ssl);
	step("new, free");

	ssl = SSL_new(ctx);
	SSL_set_connect_state(ssl);
	SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_do_handshake(ssl);
	step("handshake begun");
	SSL_set_bio(ssl, NULL, NULL);
	step("BIOs taken away");
	SSL_free(ssl);
	step("freed without them");

	ssl = SSL_new(ctx);
	SSL_connect(ssl);
	step("connect without any");
	SSL_free(ssl);
	step("freed after that");

	bio = BIO_new(BIO_f_ssl());
	ssl = SSL_new(ctx);
	SSL_set_connect_state(ssl);
	BIO_set_ssl(bio, ssl, BIO_CLOSE);
	BIO_free_all(bio);
	step("BIO_free_all");
	SSL_CTX_free(ctx);
	return 0;
}
