/* SPDX-License-Identifier: MIT */
/*
 * Writes and leaves by exit(--status) with neither SSL_free() nor close(): redis-cli, wrk and `ncat --send-only`.
 * --mode partial abandons a write half-done; --mode _exit, quick_exit, abort and return leave by those doors.
 */
#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	if (legacy_is("partial"))
		printf("half-done=%s\n", legacy_overfill(ssl, fd) ? "yes" : "no");
	else
		legacy_write(ssl);
	fflush(stdout);
	if (legacy_is("_exit"))
		_exit(legacy.status);
	if (legacy_is("quick_exit"))
		quick_exit(legacy.status);
	if (legacy_is("abort"))
		abort();
	if (!legacy_is("return"))
		exit(legacy.status);
}

int main(int argc, char **argv)
{
	return legacy_call(argc, argv, talk);
}
