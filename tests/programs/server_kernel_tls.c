/* SPDX-License-Identifier: MIT */
/*
 * Asks for TLS in the kernel, answers, frees and closes like all the others: nginx with ssl_conf_command Options KTLS. Says
 * whether the kernel has it. --mode pretend sets the BIO's mark of it without having it (so nothing is encrypted behind
 * the answer): kernel_that_pretends.c plays the kernel; --mode unfinished does so behind a write that was left half-done.
 */
#include "legacy.h"

#ifndef SSL_OP_ENABLE_KTLS
#define SSL_OP_ENABLE_KTLS 0 /* OpenSSL 1.1.1 */
#endif
#ifndef BIO_CTRL_GET_KTLS_SEND
#define BIO_CTRL_GET_KTLS_SEND 73
#endif

static bool kernel_sends(SSL *ssl)
{
	return BIO_ctrl(SSL_get_wbio(ssl), BIO_CTRL_GET_KTLS_SEND, 0, NULL) > 0;
}

static void pretend(SSL *ssl)
{
	for (int flag = 1 << 11; flag < 1 << 16 && !kernel_sends(ssl); flag <<= 1) {
		BIO_set_flags(SSL_get_wbio(ssl), flag); /* BIO_FLAGS_KTLS_TX, which no public header has */
		if (!kernel_sends(ssl))
			BIO_clear_flags(SSL_get_wbio(ssl), flag);
	}
}

static void talk(SSL *ssl, int fd)
{
	if (legacy_is("unfinished"))
		printf("half-done=%s\n", legacy_read_once(ssl) && legacy_overfill(ssl, fd) ? "yes" : "no");
	else
		legacy_exchange(ssl);
	printf("kernel-tls=%s\n", kernel_sends(ssl) ? "yes" : "no");
	if (*legacy.mode)
		pretend(ssl);
	printf("marked=%s\n", kernel_sends(ssl) ? "yes" : "no");
	fflush(stdout);
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, true);
	int listener = legacy_listen();

	SSL_CTX_set_options(ctx, SSL_OP_ENABLE_KTLS);
	for (int i = 0; i < legacy.connections; i++) {
		int fd = legacy_accept(listener);

		talk(legacy_handshake(ctx, fd, true), fd);
	}
	SSL_CTX_free(ctx);
	return legacy.status;
}
