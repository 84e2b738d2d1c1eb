/* SPDX-License-Identifier: MIT */
/*
 * Takes each function of OpenSSL's by dlopen and dlsym(handle, ...), links neither library, writes and lets go: LuaJIT's and
 * PyPy's foreign functions, Qt, .NET. Such calls pass by every preloaded object; what the library calls in itself may not.
 * --mode close-first closes before it frees; --mode thread does so while another thread is about to use the SSL.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "judge/pattern.h"

static struct {
	void *(*TLS_client_method)(void);
	void *(*SSL_CTX_new)(const void *method);
	void *(*SSL_new)(void *ctx);
	int (*SSL_set_fd)(void *ssl, int fd);
	int (*SSL_connect)(void *ssl);
	int (*SSL_write)(void *ssl, const void *buf, int num);
	void (*SSL_free)(void *ssl);
} tls;

static int port;
static size_t size = 1 << 20;
static const char *mode = "";

static void *look_up(void *library, const char *name)
{
	void *found = dlsym(library, name);

	if (!found)
		exit(3);
	return found;
}

#define LOOK_UP(name) *(void **)&tls.name = look_up(library, #name)

static void load(void)
{
	void *library = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);

	if (!library)
		library = dlopen("libssl.so.1.1", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		exit(3);
	LOOK_UP(TLS_client_method);
	LOOK_UP(SSL_CTX_new);
	LOOK_UP(SSL_new);
	LOOK_UP(SSL_set_fd);
	LOOK_UP(SSL_connect);
	LOOK_UP(SSL_write);
	LOOK_UP(SSL_free);
}

static int call(void)
{
	struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return connect(fd, (struct sockaddr *)&there, sizeof(there)) == 0 ? fd : -1;
}

static void *wait_for_ever(void *nothing)
{
	pause();
	return nothing;
}

/* The judge's own arguments come as to the other programs; what is not known here does not matter. */
static void parse(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--port") == 0)
			port = atoi(argv[i + 1]);
		else if (strcmp(argv[i], "--mode") == 0)
			mode = argv[i + 1];
	}
}

int main(int argc, char **argv)
{
	unsigned char *buf = malloc(size);
	pthread_t thread;
	void *ssl;
	int fd;

	parse(argc, argv);
	load();
	alarm(30);
	signal(SIGPIPE, SIG_IGN);
	pattern_fill(buf, size, 0);
	fd = call();
	ssl = tls.SSL_new(tls.SSL_CTX_new(tls.TLS_client_method()));
	tls.SSL_set_fd(ssl, fd);
	if (fd < 0 || tls.SSL_connect(ssl) != 1 || tls.SSL_write(ssl, buf, (int)size) != (int)size)
		return 3;
	if (strcmp(mode, "thread") == 0)
		pthread_create(&thread, NULL, wait_for_ever, NULL);
	if (*mode)
		close(fd);
	tls.SSL_free(ssl);
	if (!*mode)
		close(fd);
	free(buf);
	return 0;
}
