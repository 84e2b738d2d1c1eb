/* SPDX-License-Identifier: MIT */
/*
 * Closes its descriptor 2, and each connection then gets that number: a daemon that forgets /dev/null. Whoever writes
 * to "stderr" in such a process writes plaintext into the middle of a TLS connection.
 */
#include "legacy.h"

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, true);
	int listener = legacy_listen();

	close(2);
	for (int i = 0; i < legacy.connections; i++) {
		int fd = legacy_accept(listener);
		SSL *ssl = legacy_handshake(ctx, fd, true);

		printf("fd=%d\n", fd);
		fflush(stdout);
		legacy_exchange(ssl);
		SSL_free(ssl);
		close(fd);
	}
	SSL_CTX_free(ctx);
	return legacy.status;
}
