/* SPDX-License-Identifier: MIT */
/*
 * TLS over a socketpair(): a process serves its child, answers, frees and closes with the end of the request unread, or,
 * with --mode close, closes first. The child is a right client and prints how it ended. The habit of privilege-separated
 * daemons; the socket has no address, and no TCP.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "judge/pattern.h"
#include "judge/tls.h"
#include "legacy.h"

enum { REQUEST = 60 * 1024 };

static void be_client(SSL_CTX *ctx, int fd)
{
	static unsigned char buf[REQUEST];
	SSL *ssl = legacy_handshake(ctx, fd, false);
	size_t got = 0;
	int n;
	bool right = true;

	SSL_write(ssl, buf, sizeof(buf));
	while ((n = SSL_read(ssl, buf, sizeof(buf))) > 0) {
		right &= pattern_match(buf, (size_t)n, got) == (size_t)n;
		got += (size_t)n;
	}
	printf("got=%zu content=%s end=%s\n", got, right ? "right" : "wrong",
	       SSL_get_error(ssl, n) == SSL_ERROR_ZERO_RETURN ? "close_notify"
	       : errno == ECONNRESET                          ? "reset"
							      : "cut");
	fflush(stdout);
	if (n == 0)
		SSL_shutdown(ssl);
	SSL_free(ssl);
	close(fd);
	exit(0);
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, true);
	struct script script = {.tls = legacy.tls};
	int ends[2];
	SSL *ssl;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		return 3;
	if (fork() == 0) {
		close(ends[0]);
		be_client(tls_context(&script), ends[1]);
	}
	close(ends[1]);
	ssl = legacy_handshake(ctx, ends[0], true);
	legacy_exchange(ssl);
	if (legacy_is("close"))
		close(ends[0]);
	SSL_free(ssl);
	if (!legacy_is("close"))
		close(ends[0]);
	wait(NULL);
	SSL_CTX_free(ctx);
	return legacy.status;
}
