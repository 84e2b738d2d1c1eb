/* SPDX-License-Identifier: MIT */
/*
 * read(), write(), recv() or send() of a byte outside of any SSL_* call, again and again. What `tests/bench/run` looks
 * for is how much the preloaded function adds to each call.
 *
 * What has to be done between two calls is done by raw system calls: no hook of another function must be in the sum.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int ends[2];

static ssize_t a_call(const char *name, char *byte)
{
	ssize_t n;

	if (strcmp(name, "read") == 0 || strcmp(name, "recv") == 0) {
		syscall(SYS_write, ends[1], byte, 1);
		return *name == 'r' && name[2] == 'a' ? read(ends[0], byte, 1) : recv(ends[0], byte, 1, 0);
	}
	n = *name == 'w' ? write(ends[0], byte, 1) : send(ends[0], byte, 1, 0);
	syscall(SYS_read, ends[1], byte, 1);
	return n;
}

int main(int argc, char **argv)
{
	char byte = 0;

	if (argc != 3 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) {
		fprintf(stderr, "usage: %s read|write|recv|send ITERATIONS\n", argv[0]);
		return 2;
	}
	for (long i = strtol(argv[2], NULL, 10); i > 0; i--)
		if (a_call(argv[1], &byte) != 1)
			return 1;
	return 0;
}
