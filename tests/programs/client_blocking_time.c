/* SPDX-License-Identifier: MIT */
/*
 * Prints how long SSL_free() and close() held the program up, in milliseconds. Against a peer that never reads, or
 * never closes, a goodbye in the program's own thread would show here. Every program with one thread for all.
 */
#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	long start, freed, closed;

	legacy_write(ssl);
	start = legacy_ms();
	SSL_free(ssl);
	freed = legacy_ms();
	close(fd);
	closed = legacy_ms();
	printf("free_ms=%ld close_ms=%ld\n", freed - start, closed - freed);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	return legacy_call(argc, argv, talk);
}
