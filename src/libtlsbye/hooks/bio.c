/* SPDX-License-Identifier: MIT */
/*
 * The exported BIO_* functions: those of libssl, which make a BIO_f_ssl or release it, and those of libcrypto, which
 * free it.
 *
 * Rules: as in hooks_ssl.c. BIO_free is called by programs without TLS, by libcrypto and by libssl: where it is not about
 * a connection of the program's own, it costs a look into two tables.
 */
#include "connection/hidden_calls.h"
#include "release/bio_free.h"
#include "sys/export.h"
#include "sys/openssl.h"

/* --- libssl's --- */

EXPORT const BIO_METHOD *BIO_f_ssl(void)
{
	hidden_calls_note();
	return openssl_libssl(CALLER)->BIO_f_ssl();
}

EXPORT BIO *BIO_new_ssl(SSL_CTX *ctx, int client)
{
	struct libssl *lib = openssl_libssl(CALLER);
	BIO *bio = lib->BIO_new_ssl(ctx, client);
	bio_free_born(lib, bio, CALLER);
	return bio;
}

EXPORT BIO *BIO_new_ssl_connect(SSL_CTX *ctx)
{
	struct libssl *lib = openssl_libssl(CALLER);
	BIO *bio = lib->BIO_new_ssl_connect(ctx);
	bio_free_born(lib, bio, CALLER);
	return bio;
}

EXPORT BIO *BIO_new_buffer_ssl_connect(SSL_CTX *ctx)
{
	struct libssl *lib = openssl_libssl(CALLER);
	BIO *bio = lib->BIO_new_buffer_ssl_connect(ctx);
	bio_free_born(lib, bio, CALLER);
	return bio;
}

EXPORT void BIO_ssl_shutdown(BIO *bio)
{
	bio_free_ssl_shutdown(openssl_libssl(CALLER), bio, THIS_CALL);
}

/* --- libcrypto's --- */

EXPORT int BIO_free(BIO *bio)
{
	const struct libcrypto *inner = openssl_inner_call(CALLER);
	if (inner)
		return inner->BIO_free(bio);
	const struct libcrypto *crypto = openssl_libcrypto(CALLER);
	if (!bio_free_concerns(crypto, CALLER))
		return crypto->BIO_free(bio);
	struct bio_release lives_on = bio_free_before(crypto, bio, false, THIS_CALL);
	int result = crypto->BIO_free(bio);
	bio_free_after(&lives_on);
	return result;
}

EXPORT void BIO_vfree(BIO *bio)
{
	const struct libcrypto *crypto = openssl_libcrypto(CALLER);
	if (!bio_free_concerns(crypto, CALLER)) {
		crypto->BIO_vfree(bio);
		return;
	}
	struct bio_release lives_on = bio_free_before(crypto, bio, false, THIS_CALL);
	crypto->BIO_vfree(bio);
	bio_free_after(&lives_on);
}

EXPORT void BIO_free_all(BIO *bio)
{
	const struct libcrypto *inner = openssl_inner_call(CALLER);
	if (inner) {
		inner->BIO_free_all(bio);
		return;
	}
	const struct libcrypto *crypto = openssl_libcrypto(CALLER);
	if (!bio_free_concerns(crypto, CALLER)) {
		crypto->BIO_free_all(bio);
		return;
	}
	struct bio_release lives_on = bio_free_before(crypto, bio, true, THIS_CALL);
	crypto->BIO_free_all(bio);
	bio_free_after(&lives_on);
}

EXPORT int BIO_up_ref(BIO *bio)
{
	const struct libcrypto *inner = openssl_inner_call(CALLER);
	if (inner)
		return inner->BIO_up_ref(bio);
	const struct libcrypto *crypto = openssl_libcrypto(CALLER);
	int result = crypto->BIO_up_ref(bio);
	if (result == 1)
		bio_free_shared(crypto, bio, CALLER);
	return result;
}
