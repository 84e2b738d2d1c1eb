/* SPDX-License-Identifier: MIT */
/*
 * close() of a descriptor that no TLS is on, again and again: an open one ("open"), or one that is not even open
 * ("closed"). What `tests/bench/run` looks for is how much the preloaded close() adds to each call (P8).
 *
 * The descriptor comes from a dup by the instruction itself: no hook of another function must be in the sum.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/kernel.h"

int main(int argc, char **argv)
{
	int ends[2];

	if (argc != 3 || pipe(ends) < 0) {
		fprintf(stderr, "usage: %s open|closed ITERATIONS\n", argv[0]);
		return 2;
	}

	int open = strcmp(argv[1], "open") == 0;
	int not_open = ends[1] + 1;

	for (long i = strtol(argv[2], NULL, 10); i > 0; i--)
		close(open ? (int)kernel_call(SYS_dup, ends[0], 0, 0, 0, 0, 0) : not_open);
	return 0;
}
