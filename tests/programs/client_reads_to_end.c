/* SPDX-License-Identifier: MIT */
/*
 * Reads to the end, and prints what the end was to it and that nothing else came with it: `end=clean` for close_notify,
 * `end=eof` for a stream that ends without. curl and wget read so, and every downloader.
 * --mode memory: through memory BIOs, as python's asyncio and node do. --mode memory-late: the same, and all of it is
 * read from the socket, its end included, before OpenSSL gets to see it. --mode shutdown: the end is met in SSL_shutdown().
 * --mode own-option: it asks OpenSSL to ignore such an end by itself, as python does. --mode message: with callbacks of
 * its own, and prints how many alerts they saw.
 */
#include <errno.h>

#include "legacy.h"

#ifndef SSL_R_UNEXPECTED_EOF_WHILE_READING /* 3.0's */
#define SSL_R_UNEXPECTED_EOF_WHILE_READING 294
#define SSL_OP_IGNORE_UNEXPECTED_EOF       0
#endif

static int alerts, infos;

static void on_message(int write, int version, int type, const void *buf, size_t length, SSL *ssl, void *arg)
{
	(void)version, (void)buf, (void)length, (void)ssl, (void)arg;
	alerts += !write && type == SSL3_RT_ALERT;
}

static void on_info(const SSL *ssl, int type, int value)
{
	(void)ssl, (void)value;
	infos += type == SSL_CB_READ_ALERT;
}

static const char *end_of(SSL *ssl, int got, int error)
{
	switch (SSL_get_error(ssl, got)) {
	case SSL_ERROR_ZERO_RETURN:
		return "clean";
	case SSL_ERROR_SYSCALL:
		return error == 0 ? "eof" : "syscall"; /* up to 1.1.1 */
	case SSL_ERROR_SSL:
		return ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING ? "eof" : "ssl";
	default:
		return "other";
	}
}

/* One read of the socket into the BIO; at its end the BIO is told so. All of it, where OpenSSL is to come late. */
static void feed(BIO *in, int fd, bool all)
{
	char buf[4096];
	ssize_t got;

	do {
		got = read(fd, buf, sizeof(buf));
		if (got > 0)
			BIO_write(in, buf, (int)got);
		else
			BIO_set_mem_eof_return(in, 0);
	} while (all && got > 0);
}

static int read_through_memory(SSL *ssl, int fd, char *buf, int size, bool late)
{
	BIO *in = SSL_get_rbio(ssl);
	int got;

	while ((got = SSL_read(ssl, buf, size)) <= 0 && SSL_get_error(ssl, got) == SSL_ERROR_WANT_READ)
		feed(in, fd, late);
	return got;
}

static void read_to_end(SSL *ssl, int fd)
{
	bool memory = legacy_is("memory") || legacy_is("memory-late");
	size_t total = 0;
	char buf[2048];
	int got, error;

	ERR_clear_error();
	do {
		errno = 0;
		got = memory ? read_through_memory(ssl, fd, buf, sizeof(buf), legacy_is("memory-late"))
			     : SSL_read(ssl, buf, sizeof(buf));
		error = errno;
		total += got > 0 ? (size_t)got : 0;
	} while (got > 0 && !(legacy_is("shutdown") && total >= legacy.read));
	if (legacy_is("shutdown")) {
		SSL_shutdown(ssl);
		got = SSL_shutdown(ssl);
		printf("shutdown=%d ", got);
		printf("read=%zu\n", total);
		return;
	}
	printf("read=%zu end=%s result=%d queue=%d", total, end_of(ssl, got, error), got,
	       ERR_peek_error() != 0);
	if (legacy_is("message"))
		printf(" alerts=%d infos=%d", alerts, infos);
	ERR_clear_error();
	/* Asked again, it says the same. */
	got = SSL_read(ssl, buf, sizeof(buf));
	printf(" again=%s errno=%d\n", end_of(ssl, got, errno), errno);
	ERR_clear_error();
}

static void talk(SSL *ssl, int fd)
{
	if (legacy_is("message")) {
		SSL_set_msg_callback(ssl, on_message);
		SSL_set_info_callback(ssl, on_info);
	}
	if (legacy_is("memory") || legacy_is("memory-late"))
		SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	if (legacy_is("own-option"))
		SSL_set_options(ssl, SSL_OP_IGNORE_UNEXPECTED_EOF);
	read_to_end(ssl, fd);
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_call(argc, argv, talk);
}
