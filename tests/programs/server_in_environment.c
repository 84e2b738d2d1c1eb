/* SPDX-License-Identifier: MIT */
/*
 * Reads less than there is, writes, frees and closes, as merecat and many others do; and after its first handshake it puts itself into
 * the environment that --mode names (environment.h), as sandboxes do: OpenSSH's, Chromium's, vsftpd's, any that gives up root.
 *
 * Status 77: this machine lets nobody do so; 78: one of the calls took a second; 79: what is no standard error any more got a line.
 */
#include "environment.h"
#include "legacy.h"

static bool slow, refused;

static void talk(SSL *ssl, int fd)
{
	static bool entered;
	if (!entered && *legacy.mode && !environment_enter(legacy.mode))
		refused = true;
	entered = true;
	legacy_exchange(ssl);
	long start = legacy_ms();
	SSL_free(ssl);
	close(fd);
	slow = slow || legacy_ms() - start >= 1000;
}

int main(int argc, char **argv)
{
	int status = legacy_serve(argc, argv, talk);
	return refused ? 77 : slow ? 78 : environment_is_clean() ? status : 79;
}
