/* SPDX-License-Identifier: MIT */
/*
 * Names and advice are one table. The advice is the goodbye in three steps, in that library's words.
 */
#include "libraries.h"

#include <string.h>

#define OPENSSL_ADVICE                                                                                       \
	"end it in the program: SSL_shutdown(), shutdown(fd, SHUT_WR), read to the end, SSL_free(), close()"

static const struct {
	const char *name;
	const char *files; /* how its library's file begins; NULL: none of its own */
	const char *advice;
} table[] = {
	[TLS_NONE] = {"none", NULL, ""},
	[TLS_OPENSSL] = {"OpenSSL", NULL, OPENSSL_ADVICE},
	[TLS_LIBRESSL] = {"LibreSSL", NULL, OPENSSL_ADVICE},
	[TLS_BORINGSSL] = {"BoringSSL", NULL, OPENSSL_ADVICE},
	[TLS_GNUTLS] =
		{"GnuTLS", "libgnutls",
		 "end it in the program: gnutls_bye(session, GNUTLS_SHUT_WR), shutdown(fd, SHUT_WR), read to the "
		 "end, close()"},
	[TLS_NSS] = {"NSS", "libssl3.so",
		     "end it in the program: PR_Shutdown(fd, PR_SHUTDOWN_SEND), read to the end, PR_Close()"},
	[TLS_MBEDTLS] =
		{"mbedTLS", "libmbedtls.so",
		 "end it in the program: mbedtls_ssl_close_notify(), shutdown(fd, SHUT_WR), read to the end, "
		 "close()"},
	[TLS_WOLFSSL] =
		{"wolfSSL", "libwolfssl.so",
		 "end it in the program: wolfSSL_shutdown(), shutdown(fd, SHUT_WR), read to the end, close()"},
	[TLS_RUSTLS] =
		{"rustls", "librustls.so",
		 "end it in the program: send_close_notify(), complete_io(), shutdown(Shutdown::Write), read to "
		 "the end"},
	[TLS_GO] =
		{"Go's crypto/tls", NULL,
		 "end it in the program: CloseWrite() on the tls.Conn, then on the TCPConn, read to io.EOF, Close()"},
	[TLS_JAVA] = {"Java's JSSE", "libjli.so",
		      "end it in the program: shutdownOutput() on the SSLSocket, read to the end, close()"},
	[TLS_S2N] =
		{"s2n-tls", "libs2n.so",
		 "end it in the program: s2n_shutdown_send(), shutdown(fd, SHUT_WR), read to the end, close()"},
};
enum { KINDS = sizeof(table) / sizeof(table[0]) };

const char *libraries_name(enum tls_kind kind)
{
	return table[kind].name;
}

const char *libraries_advice(enum tls_kind kind)
{
	return table[kind].advice;
}

enum tls_kind libraries_by_name(const char *base)
{
	for (int kind = 0; kind < KINDS; kind++)
		if (table[kind].files && strncmp(base, table[kind].files, strlen(table[kind].files)) == 0)
			return (enum tls_kind)kind;
	return strncmp(base, "libjvm.so", 9) == 0 ? TLS_JAVA : TLS_NONE;
}

enum tls_kind libraries_by_marks(const struct marks *marks, bool is_go)
{
	if (is_go && marks->go_tls)
		return TLS_GO;
	if (marks->openssl_code)
		return marks->libressl[0] && !marks->openssl[0] ? TLS_LIBRESSL : TLS_OPENSSL;
	if (marks->boringssl)
		return TLS_BORINGSSL;
	if (marks->rustls)
		return TLS_RUSTLS;
	return marks->mbedtls ? TLS_MBEDTLS : TLS_NONE;
}
