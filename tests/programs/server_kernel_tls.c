/* SPDX-License-Identifier: MIT */
/*
 * Asks for TLS in the kernel, answers, frees and closes like all the others: nginx with ssl_conf_command Options KTLS. Says
 * whether the kernel has it. --mode pretend sets the BIO's mark of it without having it (so nothing is encrypted behind
 * the answer), and tells what such a kernel would have been asked to send; --mode unfinished does so behind a write that was
 * left half-done.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "legacy.h"

#ifndef SSL_OP_ENABLE_KTLS
#define SSL_OP_ENABLE_KTLS 0 /* OpenSSL 1.1.1 */
#endif
#ifndef BIO_CTRL_GET_KTLS_SEND
#define BIO_CTRL_GET_KTLS_SEND 73
#endif

/* --- a kernel that pretends: these stand in front of libc's, for everybody in this process --- */

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
	if (legacy_is("pretend") && level == IPPROTO_TCP && name == TCP_ULP) {
		memcpy(value, "tls", 4);
		return 0;
	}
	return (int)syscall(SYS_getsockopt, fd, level, name, value, size);
}

/* tls_sw_recvmsg(): a record that is no data is for those who have room for its type. */
IN_FRONT ssize_t recv(int fd, void *buf, size_t size, int flags)
{
	if (legacy_is("pretend") && is_tcp(fd)) {
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

	if (!legacy_is("pretend") || !is_tcp(fd) || told)
		return syscall(SYS_recvmsg, fd, message, flags);
	told = true;
	control->cmsg_level = LEVEL_TLS;
	control->cmsg_type = GET_RECORD_TYPE;
	control->cmsg_len = CMSG_LEN(1);
	*CMSG_DATA(control) = ALERT;
	memcpy(message->msg_iov->iov_base, "\1\0", 2);
	return 2;
}

/* --- the server --- */

static bool kernel_sends(SSL *ssl)
{
	return BIO_ctrl(SSL_get_wbio(ssl), BIO_CTRL_GET_KTLS_SEND, 0, NULL) > 0;
}

static void pretend(SSL *ssl)
{
	for (int flag = 1 << 11; flag < 1 << 16 && !kernel_sends(ssl); flag <<= 1) {
		BIO_set_flags(SSL_get_wbio(ssl), flag); /* BIO_FLAGS_KTLS_TX, which no public header has */
		if (!kernel_sends(ssl))
			BIO_clear_flags(SSL_get_wbio(ssl), flag);
	}
}

static void talk(SSL *ssl, int fd)
{
	if (legacy_is("unfinished"))
		printf("half-done=%s\n", legacy_read_once(ssl) && legacy_overfill(ssl, fd) ? "yes" : "no");
	else
		legacy_exchange(ssl);
	printf("kernel-tls=%s\n", kernel_sends(ssl) ? "yes" : "no");
	if (*legacy.mode)
		pretend(ssl);
	printf("marked=%s\n", kernel_sends(ssl) ? "yes" : "no");
	fflush(stdout);
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = legacy_start(argc, argv, true);
	int listener = legacy_listen();

	SSL_CTX_set_options(ctx, SSL_OP_ENABLE_KTLS);
	for (int i = 0; i < legacy.connections; i++) {
		int fd = legacy_accept(listener);

		talk(legacy_handshake(ctx, fd, true), fd);
	}
	SSL_CTX_free(ctx);
	return legacy.status;
}
