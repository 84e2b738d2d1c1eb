/* SPDX-License-Identifier: MIT */
/*
 * Refuses its client: OpenSSL sends an alert, the server frees and closes at once, with whatever the client had sent
 * behind its first words unread. --mode tells what it does not like: version, cipher, sni, or cert (it wants a
 * certificate, and a TLS 1.3 client learns that only when it is writing its request already).
 */
#include "legacy.h"

static int no_such_name(SSL *ssl, int *alert, void *arg)
{
	(void)ssl, (void)arg;
	*alert = SSL_AD_UNRECOGNIZED_NAME;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void dislike(SSL_CTX *ctx)
{
	int other = legacy.tls == TLS1_2_VERSION ? TLS1_3_VERSION : TLS1_2_VERSION;

	if (legacy_is("version")) {
		SSL_CTX_set_min_proto_version(ctx, 0);
		SSL_CTX_set_max_proto_version(ctx, other);
		SSL_CTX_set_min_proto_version(ctx, other);
	} else if (legacy_is("cipher")) {
		SSL_CTX_set_cipher_list(ctx,
					"ECDHE-RSA-AES128-GCM-SHA256"); /* the certificate is an ECDSA one */
		SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_CCM_8_SHA256");
	} else if (legacy_is("sni")) {
		SSL_CTX_set_tlsext_servername_callback(ctx, no_such_name);
	} else {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	}
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, true);
	int listener = legacy_listen();

	dislike(ctx);
	for (int i = 0; i < legacy.connections; i++) {
		int fd = legacy_accept(listener);
		SSL *ssl = SSL_new(ctx);

		SSL_set_fd(ssl, fd);
		printf("accept=%d\n", SSL_accept(ssl));
		fflush(stdout);
		ERR_clear_error();
		SSL_free(ssl);
		close(fd);
	}
	SSL_CTX_free(ctx);
	return legacy.status;
}
