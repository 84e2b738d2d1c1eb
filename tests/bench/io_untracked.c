/* SPDX-License-Identifier: MIT */
/*
 * read(), write(), recv(), send(), recvmsg() or sendmsg() of a byte outside of any SSL_* call, or syscall() of a call that closes and
 * copies nothing, again and again. What `tests/bench/run` looks for is how much the preloaded function adds to each call.
 *
 * What has to be done between two calls is done by the instruction itself: no hook of another function must be in the sum.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sys/kernel.h"

static int ends[2];

static ssize_t message_call(bool sends, char *byte)
{
	struct iovec part = {byte, 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	return sends ? sendmsg(ends[0], &message, 0) : recvmsg(ends[0], &message, 0);
}

/* `kind`: the place of its name in main's list; those that receive come first. */
enum kind { READ, RECV, RECVMSG, WRITE, SEND, SENDMSG, SYSCALL };

static ssize_t a_call(enum kind kind, char *byte)
{
	ssize_t n;

	if (kind == SYSCALL)
		return syscall(SYS_getppid) > 0;
	if (kind <= RECVMSG) {
		kernel_call(SYS_write, ends[1], (long)byte, 1, 0, 0, 0);
		return kind == READ   ? read(ends[0], byte, 1)
		       : kind == RECV ? recv(ends[0], byte, 1, 0)
				      : message_call(false, byte);
	}
	n = kind == WRITE  ? write(ends[0], byte, 1)
	    : kind == SEND ? send(ends[0], byte, 1, 0)
			   : message_call(true, byte);
	kernel_call(SYS_read, ends[1], (long)byte, 1, 0, 0, 0);
	return n;
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"read", "recv", "recvmsg", "write", "send", "sendmsg", "syscall"};
	enum kind kind = READ;
	char byte = 0;

	while (argc == 3 && kind <= SYSCALL && strcmp(argv[1], names[kind]) != 0)
		kind++;
	if (argc != 3 || kind > SYSCALL || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) {
		fprintf(stderr, "usage: %s read|write|recv|send|recvmsg|sendmsg|syscall ITERATIONS\n",
			argv[0]);
		return 2;
	}
	for (long i = strtol(argv[2], NULL, 10); i > 0; i--)
		if (a_call(kind, &byte) != 1)
			return 1;
	return 0;
}
