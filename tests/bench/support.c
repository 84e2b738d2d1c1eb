/* SPDX-License-Identifier: MIT */
/*
 * Contexts, loopback sockets and repeatable random numbers for the TLS programs of the bench. See support.h.
 *
 * RAND_METHOD is deprecated in OpenSSL 3, but it is the one way to replace the random numbers that 1.1.1 has too.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "support.h"

enum { LONGEST_RUN_SECONDS = 300, DESCRIPTORS_BESIDE = 100 };

static uint64_t random_state;

void bench_fail(const char *what)
{
	fprintf(stderr, "bench: %s failed (errno %d)\n", what, errno);
	ERR_print_errors_fp(stderr);
	exit(EXIT_FAILURE);
}

long bench_number(const char *text)
{
	char *end;
	long count = strtol(text, &end, 10);

	if (*end || count < 1) {
		fprintf(stderr, "bench: %s: not a number above 0\n", text);
		exit(2);
	}
	return count;
}

/* xorshift64: any well-spread numbers will do, nothing here is secret. */
static int same_bytes(unsigned char *buffer, int length)
{
	for (int i = 0; i < length; i++) {
		random_state ^= random_state << 13;
		random_state ^= random_state >> 7;
		random_state ^= random_state << 17;
		buffer[i] = random_state >> 24;
	}
	return 1;
}

static int always_seeded(void)
{
	return 1;
}

void bench_same_random_numbers(void)
{
	random_state = 0x9e3779b97f4a7c15;
}

static EVP_PKEY *make_key(void)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	EVP_PKEY *key = NULL;

	if (!ctx || EVP_PKEY_keygen_init(ctx) <= 0 ||
	    EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, NID_X9_62_prime256v1) <= 0 ||
	    EVP_PKEY_keygen(ctx, &key) <= 0)
		bench_fail("making a key");
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static X509 *make_certificate(EVP_PKEY *key)
{
	X509 *certificate = X509_new();
	X509_NAME *name = X509_get_subject_name(certificate);

	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
	X509_set_pubkey(certificate, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	if (!X509_sign(certificate, key, EVP_sha256()))
		bench_fail("signing the certificate");
	return certificate;
}

static SSL_CTX *make_context(const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	if (!ctx || !SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION))
		bench_fail("making an SSL_CTX");
	return ctx;
}

SSL_CTX *bench_server_context(void)
{
	SSL_CTX *ctx = make_context(TLS_server_method());
	EVP_PKEY *key = make_key();
	X509 *certificate = make_certificate(key);

	if (SSL_CTX_use_certificate(ctx, certificate) != 1 || SSL_CTX_use_PrivateKey(ctx, key) != 1)
		bench_fail("using the certificate");
	X509_free(certificate);
	EVP_PKEY_free(key);
	return ctx;
}

SSL_CTX *bench_client_context(void)
{
	return make_context(TLS_client_method());
}

void bench_start(void)
{
	static const RAND_METHOD same_numbers = {
		.bytes = same_bytes, .pseudorand = same_bytes, .status = always_seeded};

	alarm(LONGEST_RUN_SECONDS);
	bench_same_random_numbers();
	RAND_set_rand_method(&same_numbers);
}

void bench_room_for(long descriptors)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = descriptors + DESCRIPTORS_BESIDE;
	if (limit.rlim_max < limit.rlim_cur)
		limit.rlim_max = limit.rlim_cur;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		bench_fail("room for the descriptors (RLIMIT_NOFILE)");
}

static struct sockaddr_in loopback(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

int bench_listen(int *port)
{
	struct sockaddr_in address = loopback(0);
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int yes =
		1; /* as servers do: one that does not has it done for each socket that outlives its close (port_reuse.h) */

	if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
	    bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 8) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &length) < 0)
		bench_fail("listening on 127.0.0.1");
	*port = ntohs(address.sin_port);
	return listener;
}

/* Without Nagle's delay the time of a connection is its own, not that of the peer's delayed acknowledgement. */
static int without_delay(int fd)
{
	int on = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0)
		bench_fail("TCP_NODELAY");
	return fd;
}

int bench_accept(int listener)
{
	int fd = accept(listener, NULL, NULL);

	if (fd < 0)
		bench_fail("accept");
	return without_delay(fd);
}

int bench_connect(int port)
{
	struct sockaddr_in address = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		bench_fail("connect");
	return without_delay(fd);
}

void bench_write(SSL *ssl, const void *data, int length)
{
	if (SSL_write(ssl, data, length) != length)
		bench_fail("SSL_write");
}

void bench_read(SSL *ssl, void *data, int length)
{
	if (SSL_read(ssl, data, length) != length)
		bench_fail("SSL_read");
}
