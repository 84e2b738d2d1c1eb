/* SPDX-License-Identifier: MIT */
/*
 * TLS twice over one TCP connection, as when a session of FTPS or SMTP leaves TLS and comes back: a server without a
 * goodbye, and a right client beside it in a process of its own, which prints what each of the two ended with.
 *
 * The server frees its first SSL before the second begins; --mode late frees it in the middle of the second's talk;
 * --mode dup lets go of a copy of the descriptor in the middle of it; --mode leak never frees it.
 */
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "judge/pattern.h"
#include "judge/tls.h"
#include "legacy.h"

static const char *end_of(SSL *ssl, int result)
{
	switch (SSL_get_error(ssl, result)) {
	case SSL_ERROR_ZERO_RETURN:
		return "close_notify";
	case SSL_ERROR_WANT_READ:
		return "nothing";
	case SSL_ERROR_SYSCALL:
		return "cut";
	default:
		return "error";
	}
}

static void wait_at_most(int fd, int seconds)
{
	struct timeval patience = {.tv_sec = seconds};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

/* One TLS session of the client: says something, and reads the answer to its end. */
static void conversation_hold(SSL_CTX *ctx, int fd, bool is_last)
{
	static unsigned char buf[16384];
	SSL *ssl = legacy_handshake(ctx, fd, false);
	size_t got = 0;
	int n;
	bool right = true;

	SSL_write(ssl, "first", 5);
	while ((n = SSL_read(ssl, buf, sizeof(buf))) > 0) {
		right &= pattern_match(buf, (size_t)n, got % legacy.write) == (size_t)n;
		got += (size_t)n;
		if (got == legacy.write && is_last)
			SSL_write(ssl, "again", 5);
		else if (got == legacy.write)
			wait_at_most(fd, 1); /* bare, nothing tells that this session is over */
	}
	printf("%s got=%zu content=%s end=%s\n", is_last ? "second" : "first", got, right ? "right" : "wrong",
	       end_of(ssl, n));
	fflush(stdout);
	/* Its own goodbye would be read by the server's second SSL: this client gives it at the very end only. */
	if (is_last && n == 0)
		SSL_shutdown(ssl);
	else
		SSL_set_quiet_shutdown(ssl, 1);
	SSL_free(ssl);
	wait_at_most(fd, 20);
}

static void be_client(SSL_CTX *ctx, int port)
{
	int fd;

	legacy.port = port;
	fd = legacy_connect();
	wait_at_most(fd, 20);
	conversation_hold(ctx, fd, false);
	conversation_hold(ctx, fd, true);
	close(fd);
	exit(0);
}

static void serve(SSL_CTX *ctx, int fd)
{
	SSL *first = legacy_handshake(ctx, fd, true), *second;
	int copy = legacy_is("dup") ? dup(fd) : -1;

	legacy_exchange(first);
	if (!legacy_is("late") && !legacy_is("leak"))
		SSL_free(first);
	second = legacy_handshake(ctx, fd, true);
	legacy_exchange(second);
	if (legacy_is("late"))
		SSL_free(first);
	if (copy >= 0)
		close(copy);
	legacy_exchange(second);
	SSL_free(second);
	close(fd);
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, true);
	struct script script = {.tls = legacy.tls};
	int listener = legacy_listen();
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	int port;

	getsockname(listener, (struct sockaddr *)&address, &size);
	port = (((unsigned char *)&address)[2] << 8) + ((unsigned char *)&address)[3];
	if (fork() == 0)
		be_client(tls_context(&script), port);
	serve(ctx, legacy_accept(listener));
	close(listener);
	wait(NULL);
	SSL_CTX_free(ctx);
	return legacy.status;
}
