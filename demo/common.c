/* SPDX-License-Identifier: MIT */
/*
 * The boring half of the demo's programs: contexts, loopback sockets, the tally. See common.h.
 *
 * Two things here are the measurement: how_it_ended(), which tells the four endings apart by what SSL_read and
 * then the bare socket say, and count_connection(). Both are used by the wrong and by the right client.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <openssl/err.h>

#include "common.h"

enum {
	LONGEST_RUN_SECONDS = 60,
	CONNECT_TRIES = 500,
	CONNECT_PAUSE_NS = 20 * 1000 * 1000,
	ROUND_TRIP_NS = 20 * 1000 * 1000,
};

void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

void die_openssl(const char *what)
{
	fprintf(stderr, "%s failed:\n", what);
	ERR_print_errors_fp(stderr);
	exit(EXIT_FAILURE);
}

void set_up_process(void)
{
	signal(SIGPIPE, SIG_IGN);
	alarm(LONGEST_RUN_SECONDS);
}

size_t number(const char *text, const char *meaning)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || *text < '0' || *text > '9') {
		fprintf(stderr, "%s: not a number for %s\n", text, meaning);
		exit(2);
	}
	return value;
}

static SSL_CTX *context(const SSL_METHOD *method, const char *tls)
{
	SSL_CTX *ctx = SSL_CTX_new(method);
	int version = strcmp(tls, "1.2") == 0 ? TLS1_2_VERSION : strcmp(tls, "1.3") == 0 ? TLS1_3_VERSION : 0;

	if (!version) {
		fprintf(stderr, "%s: not a TLS version; use 1.2 or 1.3\n", tls);
		exit(2);
	}
	if (!ctx || !SSL_CTX_set_min_proto_version(ctx, version) ||
	    !SSL_CTX_set_max_proto_version(ctx, version))
		die_openssl("making the SSL_CTX");
	return ctx;
}

SSL_CTX *server_context(const char *tls, const char *certificate_file, const char *key_file)
{
	SSL_CTX *ctx = context(TLS_server_method(), tls);

	if (SSL_CTX_use_certificate_chain_file(ctx, certificate_file) != 1)
		die_openssl(certificate_file);
	if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1)
		die_openssl(key_file);
	return ctx;
}

SSL_CTX *client_context(const char *tls)
{
	return context(TLS_client_method(), tls);
}

static struct sockaddr_in loopback(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

int listen_on_loopback(int port)
{
	struct sockaddr_in address = loopback(port);
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;

	if (listener < 0)
		die("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 128) < 0)
		die("listening on 127.0.0.1");
	if (getsockname(listener, (struct sockaddr *)&address, &length) < 0)
		die("getsockname");
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	return listener;
}

int accept_client(int listener)
{
	int fd = accept(listener, NULL, NULL);

	if (fd < 0)
		die("accept");
	return fd;
}

int connect_to_loopback(int port, int receive_buffer)
{
	const struct timespec pause = {.tv_nsec = CONNECT_PAUSE_NS};
	struct sockaddr_in address = loopback(port);

	for (int tries = 0; tries < CONNECT_TRIES; tries++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (fd < 0)
			die("socket");
		/* Before connect(): the window that the handshake announces follows from it (tcp(7)). */
		if (receive_buffer)
			setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return fd;
		if (errno != ECONNREFUSED)
			die("connect");
		close(fd);
		nanosleep(&pause, NULL);
	}
	die("connect");
}

void travel(void)
{
	const struct timespec round_trip = {.tv_nsec = ROUND_TRIP_NS};

	nanosleep(&round_trip, NULL);
}

char *filled_buffer(size_t size)
{
	char *buffer = malloc(size + 1);

	if (!buffer)
		die("malloc");
	for (size_t i = 0; i < size; i++)
		buffer[i] = 'a' + i % 26;
	return buffer;
}

/* After close_notify TLS is over. What the kernel says next is TCP's own end. */
static enum ending ending_of_tcp(int fd)
{
	char rest[4096];
	ssize_t n;

	while ((n = recv(fd, rest, sizeof(rest), 0)) > 0)
		continue;
	return n == 0 ? CLOSE_NOTIFY_THEN_FIN : CLOSE_NOTIFY_THEN_RESET;
}

enum ending how_it_ended(SSL *ssl, int result)
{
	int error_number = errno;

	switch (SSL_get_error(ssl, result)) {
	case SSL_ERROR_ZERO_RETURN:
		return ending_of_tcp(SSL_get_fd(ssl));
	case SSL_ERROR_SYSCALL:
		/* OpenSSL 1.1.1 has no error of its own for the EOF: errno is 0. */
		return error_number == ECONNRESET ? RESET : error_number == 0 ? FIN_ALONE : OTHER_ERROR;
	case SSL_ERROR_SSL:
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
		if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
			return FIN_ALONE;
#endif
		return OTHER_ERROR;
	default:
		return OTHER_ERROR;
	}
}

const char *ending_text(enum ending ending)
{
	switch (ending) {
	case CLOSE_NOTIFY_THEN_FIN:
		return "close_notify, then FIN";
	case CLOSE_NOTIFY_THEN_RESET:
		return "close_notify, then reset";
	case FIN_ALONE:
		return "FIN without close_notify";
	case RESET:
		return "reset";
	default:
		return "another error";
	}
}

void count_connection(struct tally *tally, size_t arrived, size_t expected, enum ending ending)
{
	bool whole = arrived == expected;

	tally->connections++;
	tally->whole += whole;
	tally->truncated += !whole;
	tally->clean += ending == CLOSE_NOTIFY_THEN_FIN;
	tally->lost += arrived < expected ? expected - arrived : 0;
	printf("connection %d: %s, %zu of %zu bytes arrived, ended by %s\n", tally->connections,
	       whole ? "whole" : "truncated", arrived, expected, ending_text(ending));
}

void print_tally(const struct tally *tally)
{
	printf("connections=%d whole=%d truncated=%d lost=%zu clean=%d\n", tally->connections, tally->whole,
	       tally->truncated, tally->lost, tally->clean);
}
