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
	bio_free_born(lib, bio);
	return bio;
}

EXPORT BIO *BIO_new_ssl_connect(SSL_CTX *ctx)
{
	struct libssl *lib = openssl_libssl(CALLER);
	BIO *bio = lib->BIO_new_ssl_connect(ctx);
	bio_free_born(lib, bio);
	return bio;
}

EXPORT BIO *BIO_new_buffer_ssl_connect(SSL_CTX *ctx)
{
	struct libssl *lib = openssl_libssl(CALLER);
	BIO *bio = lib->BIO_new_buffer_ssl_connect(ctx);
	bio_free_born(lib, bio);
	return bio;
}

EXPORT void BIO_ssl_shutdown(BIO *bio)
{
	bio_free_ssl_shutdown(openssl_libssl(CALLER), bio, THIS_CALL);
}

/* --- libcrypto's --- */

SLOWLY static int free_one(BIO *bio, struct call call)
{
	const struct libcrypto *crypto = openssl_libcrypto(call.from);
	if (!bio_free_concerns(crypto, call.from))
		return crypto->BIO_free(bio);
	struct bio_release lives_on = bio_free_before(crypto, bio, false, call);
	int result = crypto->BIO_free(bio);
	bio_free_after(&lives_on);
	return result;
}

EXPORT int BIO_free(BIO *bio)
{
	const struct libcrypto *inner = openssl_inner_libcrypto(CALLER);
	return inner ? inner->BIO_free(bio) : free_one(bio, THIS_CALL);
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

SLOWLY static void free_chain(BIO *bio, struct call call)
{
	const struct libcrypto *crypto = openssl_libcrypto(call.from);
	if (!bio_free_concerns(crypto, call.from)) {
		crypto->BIO_free_all(bio);
		return;
	}
	struct bio_release lives_on = bio_free_before(crypto, bio, true, call);
	crypto->BIO_free_all(bio);
	bio_free_after(&lives_on);
}

EXPORT void BIO_free_all(BIO *bio)
{
	const struct libcrypto *inner = openssl_inner_libcrypto(CALLER);
	if (inner)
		inner->BIO_free_all(bio);
	else
		free_chain(bio, THIS_CALL);
}

SLOWLY static int share(BIO *bio, void *caller)
{
	const struct libcrypto *crypto = openssl_libcrypto(caller);
	int result = crypto->BIO_up_ref(bio);
	if (result == 1)
		bio_free_shared(crypto, bio, caller);
	return result;
}

EXPORT int BIO_up_ref(BIO *bio)
{
	const struct libcrypto *inner = openssl_inner_libcrypto(CALLER);
	return inner ? inner->BIO_up_ref(bio) : share(bio, CALLER);
}
