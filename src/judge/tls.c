/* SPDX-License-Identifier: MIT */
/*
 * ECDSA P-256: a handshake costs little, and every client since TLS 1.2 takes it. The certificate names localhost
 * and both loopback addresses, since curl and python look at nothing but subjectAltName.
 */
#include "judge/tls.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool add_extension(X509 *cert, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;
	bool done;

	X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	done = extension && X509_add_ext(cert, extension, -1);
	X509_EXTENSION_free(extension);
	return done;
}

static X509 *make_certificate(EVP_PKEY *key)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_NAME_new(); /* the certificate's own may not be changed since OpenSSL 4 */
	uint32_t serial = 1;
	bool done;

	/* Two certificates of one name and one serial number are refused by NSS. */
	RAND_bytes((unsigned char *)&serial, sizeof(serial));
	done = cert && name && X509_set_version(cert, 2) &&
	       ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial) &&
	       X509_gmtime_adj(X509_getm_notBefore(cert), -3600) &&
	       X509_gmtime_adj(X509_getm_notAfter(cert), 30L * 86400) && X509_set_pubkey(cert, key) &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1,
					  -1, 0) &&
	       X509_set_subject_name(cert, name) && X509_set_issuer_name(cert, name) &&
	       add_extension(cert, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1") &&
	       add_extension(cert, NID_basic_constraints, "critical,CA:TRUE") &&
	       X509_sign(cert, key, EVP_sha256()) > 0;
	X509_NAME_free(name);
	if (done)
		return cert;
	X509_free(cert);
	return NULL;
}

/* EVP_EC_gen() is 3.0's; this works from 1.1.1 on. */
static EVP_PKEY *make_key(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	EVP_PKEY *key = NULL;

	if (ctx && EVP_PKEY_keygen_init(ctx) > 0 &&
	    EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, NID_X9_62_prime256v1) > 0)
		EVP_PKEY_keygen(ctx, &key);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static bool use_fresh_pair(SSL_CTX *ctx)
{
	EVP_PKEY *key = make_key();
	X509 *cert = key ? make_certificate(key) : NULL;
	bool done = cert && SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1;

	X509_free(cert);
	EVP_PKEY_free(key);
	return done;
}

static void set_sessions(SSL_CTX *ctx, const struct script *script)
{
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"judge", 5);
	if (script->tickets)
		return;
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
}

SSL_CTX *tls_context(const struct script *script)
{
	const SSL_METHOD *method = script->dtls     ? DTLS_method()
				   : script->server ? TLS_server_method()
						    : TLS_client_method();
	SSL_CTX *ctx = SSL_CTX_new(method);

	if (!ctx)
		return NULL;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	if (script->tls != 0) {
		SSL_CTX_set_min_proto_version(ctx, script->tls);
		SSL_CTX_set_max_proto_version(ctx, script->tls);
	}
	if (!script->server)
		return ctx;
	set_sessions(ctx, script);
	if (use_fresh_pair(ctx))
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* The key is nobody else's to read, from its first byte on. */
static FILE *create(const char *file, mode_t mode)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (!f)
		fprintf(stderr, "judge: cannot write %s: %s; name a file in a folder that you may write to\n",
			file, strerror(errno));
	return f;
}

static bool finish(FILE *f, const char *file, bool written)
{
	written &= fclose(f) == 0;
	if (!written)
		fprintf(stderr, "judge: %s is not complete; is the disk full?\n", file);
	return written;
}

static bool write_pair(EVP_PKEY *key, X509 *cert, const char *cert_file, const char *key_file)
{
	FILE *f = create(key_file, 0600);

	if (!f || !finish(f, key_file, PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL)))
		return false;
	f = create(cert_file, 0644);
	return f && finish(f, cert_file, PEM_write_X509(f, cert));
}

bool tls_write_pair(const char *cert_file, const char *key_file)
{
	EVP_PKEY *key = make_key();
	X509 *cert = key ? make_certificate(key) : NULL;
	bool done = false;

	if (cert)
		done = write_pair(key, cert, cert_file, key_file);
	else
		ERR_print_errors_fp(stderr);
	X509_free(cert);
	EVP_PKEY_free(key);
	return done;
}
