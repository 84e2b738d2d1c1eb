/* SPDX-License-Identifier: MIT */
/*
 * Preloaded behind the object (LD_PRELOAD): for its eyes the kernel does TLS on every TCP socket. Tells what such a kernel
 * would have been asked to send, and has the peer's close_notify in front of all that is unread.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define IN_FRONT __attribute__((visibility("default")))

enum { LEVEL_TLS = 282, SET_RECORD_TYPE = 1, GET_RECORD_TYPE = 2, ALERT = 21 };

static bool is_tcp(int fd)
{
	int domain = 0;
	socklen_t size = sizeof(domain);

	return syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain != AF_UNIX;
}

/* A message with a record type in it is told. */
IN_FRONT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(message);
	const unsigned char *bytes = message->msg_iov->iov_base;

	if (control && control->cmsg_level == LEVEL_TLS && control->cmsg_type == SET_RECORD_TYPE)
		printf("record-type=%d length=%zu alert=%d,%d flags=%s\n", *CMSG_DATA(control),
		       message->msg_iov->iov_len, bytes[0], bytes[1],
		       flags == (MSG_DONTWAIT | MSG_NOSIGNAL) ? "dontwait,nosignal" : "others");
	fflush(stdout);
	return syscall(SYS_sendmsg, fd, message, flags);
}

IN_FRONT int getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
	if (level == IPPROTO_TCP && name == TCP_ULP) {
		memcpy(value, "tls", 4);
		return 0;
	}
	return (int)syscall(SYS_getsockopt, fd, level, name, value, size);
}

/* tls_sw_recvmsg(): a record that is no data is for those who have room for its type. */
IN_FRONT ssize_t recv(int fd, void *buf, size_t size, int flags)
{
	if (is_tcp(fd)) {
		printf("plain-recv\n");
		fflush(stdout);
		errno = EIO;
		return -1;
	}
	return syscall(SYS_recvfrom, fd, buf, size, flags, NULL, NULL);
}

/* The peer's close_notify stands in front of all that is unread. */
IN_FRONT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	static bool told;
	struct cmsghdr *control = CMSG_FIRSTHDR(message);

	if (!is_tcp(fd) || told)
		return syscall(SYS_recvmsg, fd, message, flags);
	told = true;
	control->cmsg_level = LEVEL_TLS;
	control->cmsg_type = GET_RECORD_TYPE;
	control->cmsg_len = CMSG_LEN(1);
	*CMSG_DATA(control) = ALERT;
	memcpy(message->msg_iov->iov_base, "\1\0", 2);
	return 2;
}
