/* SPDX-License-Identifier: MIT */
/* See legacy.h. The certificate is the judge's own: made in memory at the start. */
#include "legacy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "judge/pattern.h"
#include "judge/tls.h"

struct legacy legacy = {.connections = 1, .read = 2048, .write = 1024, .rounds = 1, .mode = ""};

static size_t size_of(const char *arg)
{
	char *end;
	size_t n = strtoull(arg, &end, 10);

	return *end == 'K' ? n << 10 : *end == 'M' ? n << 20 : n;
}

static void parse(int argc, char **argv)
{
	static const struct option options[] = {
		{"port-file", 1, 0, 'f'}, {"port", 1, 0, 'p'},    {"connections", 1, 0, 'n'},
		{"read", 1, 0, 'r'},      {"write", 1, 0, 'w'},   {"tls", 1, 0, 't'},
		{"status", 1, 0, 's'},    {"rounds", 1, 0, 'o'},  {"cache", 0, 0, 'c'},
		{"mode", 1, 0, 'm'},      {"offset", 1, 0, 'O'},  {"ipv6", 0, 0, '6'},
		{"unix", 1, 0, 'u'},      {"address", 1, 0, 'a'}, {NULL, 0, NULL, 0},
	};
	int key;

	while ((key = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (key == 'f')
			legacy.port_file = optarg;
		else if (key == 'p')
			legacy.port = atoi(optarg);
		else if (key == 'n')
			legacy.connections = atoi(optarg);
		else if (key == 'r')
			legacy.read = size_of(optarg);
		else if (key == 'w')
			legacy.write = size_of(optarg);
		else if (key == 't')
			legacy.tls = strcmp(optarg, "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
		else if (key == 's')
			legacy.status = atoi(optarg);
		else if (key == 'o')
			legacy.rounds = atoi(optarg);
		else if (key == 'c')
			legacy.cache = true;
		else if (key == '6')
			legacy.ipv6 = true;
		else if (key == 'a')
			legacy.address = optarg;
		else if (key == 'u')
			legacy.unix_path = optarg;
		else if (key == 'O')
			legacy.offset = size_of(optarg);
		else if (key == 'm')
			legacy.mode = optarg;
		else
			exit(2);
	}
}

SSL_CTX *legacy_start(int argc, char **argv, bool server)
{
	struct script script = {.server = server, .tickets = true};
	SSL_CTX *ctx;

	parse(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	alarm(30);
	script.tls = legacy.tls;
	ctx = tls_context(&script);
	if (!ctx)
		exit(3);
	if (legacy.cache)
		SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	return ctx;
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
};

static union address loopback(int port)
{
	union address a = {0};

	if (legacy.unix_path) {
		a.any.sa_family = AF_UNIX;
		strncpy(a.un.sun_path, legacy.unix_path, sizeof(a.un.sun_path) - 1);
		return a;
	}
	a.any.sa_family = legacy.ipv6 ? AF_INET6 : AF_INET;
	a.v4.sin_port = htons((uint16_t)port); /* sin6_port lies at the same place */
	if (legacy.ipv6)
		a.v6.sin6_addr = in6addr_loopback;
	else
		a.v4.sin_addr.s_addr = legacy.address ? inet_addr(legacy.address) : htonl(INADDR_LOOPBACK);
	return a;
}

/* To the byte: AF_UNIX takes no more than its own length. */
static socklen_t size_of_address(const union address *a)
{
	return a->any.sa_family == AF_UNIX    ? sizeof(a->un)
	       : a->any.sa_family == AF_INET6 ? sizeof(a->v6)
					      : sizeof(a->v4);
}

static void write_port(int port)
{
	char temporary[4096];
	FILE *f;

	snprintf(temporary, sizeof(temporary), "%s.new", legacy.port_file);
	f = fopen(temporary, "w");
	if (!f || fprintf(f, "%d\n", port) < 0 || fclose(f) != 0 || rename(temporary, legacy.port_file) != 0)
		exit(3);
}

int legacy_listen(void)
{
	union address a = loopback(legacy.port);
	socklen_t size = size_of_address(&a);
	int fd = socket(a.any.sa_family, SOCK_STREAM, 0);

	if (bind(fd, &a.any, size) != 0 || listen(fd, 512) != 0 || getsockname(fd, &a.any, &size) != 0) {
		perror("listen");
		exit(3);
	}
	if (legacy.port_file)
		write_port(legacy.unix_path ? 1 : ntohs(a.v4.sin_port));
	return fd;
}

int legacy_accept(int listener)
{
	int fd = accept(listener, NULL, NULL);

	alarm(30);
	if (fd < 0) {
		perror("accept");
		exit(3);
	}
	return fd;
}

int legacy_connect(void)
{
	union address a = loopback(legacy.port);
	int fd = socket(a.any.sa_family, SOCK_STREAM, 0);

	alarm(30);
	if (connect(fd, &a.any, size_of_address(&a)) != 0) {
		perror("connect");
		exit(3);
	}
	return fd;
}

SSL *legacy_handshake(SSL_CTX *ctx, int fd, bool server)
{
	SSL *ssl = SSL_new(ctx);

	SSL_set_fd(ssl, fd);
	if ((server ? SSL_accept(ssl) : SSL_connect(ssl)) != 1)
		fprintf(stderr, "no handshake\n");
	return ssl;
}

int legacy_serve(int argc, char **argv, habit *talk)
{
	SSL_CTX *ctx = legacy_start(argc, argv, true);
	int listener = legacy_listen();

	for (int i = 0; i < legacy.connections; i++) {
		int fd = legacy_accept(listener);

		talk(legacy_handshake(ctx, fd, true), fd);
	}
	close(listener);
	SSL_CTX_free(ctx);
	return legacy.status;
}

int legacy_call(int argc, char **argv, habit *talk)
{
	SSL_CTX *ctx = legacy_start(argc, argv, false);

	for (int i = 0; i < legacy.connections; i++) {
		int fd = legacy_connect();

		talk(legacy_handshake(ctx, fd, false), fd);
	}
	SSL_CTX_free(ctx);
	return legacy.status;
}

bool legacy_is(const char *mode)
{
	return strcmp(legacy.mode, mode) == 0;
}

size_t legacy_read_once(SSL *ssl)
{
	char *buf = malloc(legacy.read + 1);
	int got = SSL_read(ssl, buf, (int)legacy.read);

	free(buf);
	return got > 0 ? (size_t)got : 0;
}

static unsigned char *pattern(size_t n)
{
	unsigned char *buf = malloc(n + 1);

	if (!buf)
		exit(3);
	pattern_fill(buf, n, legacy.offset);
	return buf;
}

bool legacy_write(SSL *ssl)
{
	unsigned char *buf = pattern(legacy.write);
	bool done = legacy.write == 0 || SSL_write(ssl, buf, (int)legacy.write) == (int)legacy.write;

	free(buf);
	if (!done)
		fprintf(stderr, "SSL_write failed\n");
	return done;
}

void legacy_exchange(SSL *ssl)
{
	legacy_read_once(ssl);
	legacy_write(ssl);
}

bool legacy_overfill(SSL *ssl, int fd)
{
	unsigned char *buf = pattern(legacy.write);
	int wrote;

	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	wrote = SSL_write(ssl, buf, (int)legacy.write);
	free(buf);
	return wrote <= 0 && SSL_get_error(ssl, wrote) == SSL_ERROR_WANT_WRITE;
}

long legacy_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void legacy_tell(const int pipe[2])
{
	if (write(pipe[1], "x", 1) != 1)
		exit(3);
}

void legacy_await(const int pipe[2])
{
	char byte;

	if (read(pipe[0], &byte, 1) != 1)
		exit(3);
}
