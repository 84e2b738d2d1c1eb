/* SPDX-License-Identifier: MIT */
/*
 * The exported BIO_* functions: those of libssl, which make a BIO_f_ssl or say its goodbye, and those of libcrypto, which
 * free it.
 *
 * Rules: as in hooks_ssl.c. BIO_free is called by programs without TLS, by libcrypto and by libssl: where it is not about
 * a connection of the program's own, it costs a look into two tables.
 */
#include "bios.h"
#include "export.h"

/* --- libssl's --- */

EXPORT const BIO_METHOD *BIO_f_ssl(void)
{
	bios_are_used();
	return real_libssl(CALLER)->BIO_f_ssl();
}

EXPORT BIO *BIO_new_ssl(SSL_CTX *ctx, int client)
{
	struct libssl *lib = real_libssl(CALLER);
	BIO *bio = lib->BIO_new_ssl(ctx, client);
	bios_born(lib, bio, CALLER);
	return bio;
}

EXPORT BIO *BIO_new_ssl_connect(SSL_CTX *ctx)
{
	struct libssl *lib = real_libssl(CALLER);
	BIO *bio = lib->BIO_new_ssl_connect(ctx);
	bios_born(lib, bio, CALLER);
	return bio;
}

EXPORT BIO *BIO_new_buffer_ssl_connect(SSL_CTX *ctx)
{
	struct libssl *lib = real_libssl(CALLER);
	BIO *bio = lib->BIO_new_buffer_ssl_connect(ctx);
	bios_born(lib, bio, CALLER);
	return bio;
}

EXPORT void BIO_ssl_shutdown(BIO *bio)
{
	bios_shutdown(real_libssl(CALLER), bio, THIS_CALL);
}

/* --- libcrypto's --- */

EXPORT int BIO_free(BIO *bio)
{
	const struct libcrypto *crypto = real_libcrypto(CALLER);
	if (!bios_concern(crypto, CALLER))
		return crypto->BIO_free(bio);
	struct bio_parting parting = bios_before_free(crypto, bio, false, THIS_CALL);
	int result = crypto->BIO_free(bio);
	bios_after_free(&parting);
	return result;
}

EXPORT void BIO_vfree(BIO *bio)
{
	const struct libcrypto *crypto = real_libcrypto(CALLER);
	if (!bios_concern(crypto, CALLER)) {
		crypto->BIO_vfree(bio);
		return;
	}
	struct bio_parting parting = bios_before_free(crypto, bio, false, THIS_CALL);
	crypto->BIO_vfree(bio);
	bios_after_free(&parting);
}

EXPORT void BIO_free_all(BIO *bio)
{
	const struct libcrypto *crypto = real_libcrypto(CALLER);
	if (!bios_concern(crypto, CALLER)) {
		crypto->BIO_free_all(bio);
		return;
	}
	struct bio_parting parting = bios_before_free(crypto, bio, true, THIS_CALL);
	crypto->BIO_free_all(bio);
	bios_after_free(&parting);
}

EXPORT int BIO_up_ref(BIO *bio)
{
	const struct libcrypto *crypto = real_libcrypto(CALLER);
	int result = crypto->BIO_up_ref(bio);
	if (result == 1)
		bios_shared(crypto, bio, CALLER);
	return result;
}
