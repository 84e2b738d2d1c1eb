/* SPDX-License-Identifier: MIT */
/*
 * See ktls.h. A record of another type than application data is sent by a control message that names the type
 * (TLS_SET_RECORD_TYPE); it is received only by who has room for such a message, everybody else gets EIO and the record
 * stays where it is (tls.rst, "Sending TLS control messages", "Receiving TLS control messages"; tls_sw_recvmsg()).
 */
#include "linger/ktls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

enum { LEVEL_TLS = 282, SET_RECORD_TYPE = 1, GET_RECORD_TYPE = 2 };  /* SOL_TLS, TLS_SET_..., TLS_GET_... */
enum { TYPE_ALERT = 21, ALERT_WARNING = 1, ALERT_CLOSE_NOTIFY = 0 }; /* RFC 8446, 5.1 and 6 */

union type_message {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(unsigned char))];
};

enum ktls_sent ktls_close_notify(int fd, const struct kernel *kernel)
{
	unsigned char alert[] = {ALERT_WARNING, ALERT_CLOSE_NOTIFY};
	union type_message control = {0};
	struct iovec content = {alert, sizeof alert};
	struct msghdr message = {.msg_iov = &content,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof control};
	struct cmsghdr *type = CMSG_FIRSTHDR(&message);
	type->cmsg_level = LEVEL_TLS;
	type->cmsg_type = SET_RECORD_TYPE;
	type->cmsg_len = CMSG_LEN(sizeof(unsigned char));
	*CMSG_DATA(type) = TYPE_ALERT;

	unsigned interruptions = 0;
	long n;
	do
		n = kernel->sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n == -EINTR && interruptions++ < KERNEL_INTERRUPTIONS);
	if (n >= 0)
		return KTLS_SENT;
	return n == -EAGAIN || n == -EINTR ? KTLS_NOT_NOW : KTLS_REFUSED;
}

bool ktls_is_on(int fd, const struct kernel *kernel)
{
	char name[16] = ""; /* TCP_ULP_NAME_MAX */
	socklen_t size = sizeof name;
	return kernel->getsockopt(fd, IPPROTO_TCP, TCP_ULP, name, &size) == 0 && memcmp(name, "tls", 4) == 0;
}

long ktls_discard(int fd, const struct kernel *kernel, bool *notified)
{
	static unsigned char nowhere[16 * 1024 + 256]; /* written by whoever drains, read by nobody */
	unsigned char alert[2] = {0};
	union type_message control;
	struct iovec content[] = {{alert, sizeof alert}, {nowhere, sizeof nowhere}};
	struct msghdr message = {.msg_iov = content,
				 .msg_iovlen = 2,
				 .msg_control = &control,
				 .msg_controllen = sizeof control};
	long n = kernel->recvmsg(fd, &message, MSG_DONTWAIT);
	if (n < 0)
		return n;
	struct cmsghdr *type = CMSG_FIRSTHDR(&message);
	if (!type || type->cmsg_level != LEVEL_TLS || type->cmsg_type != GET_RECORD_TYPE)
		return n;
	*notified |= *CMSG_DATA(type) == TYPE_ALERT && n == 2 && alert[1] == ALERT_CLOSE_NOTIFY;
	return n ? n : 1;
}

bool ktls_cannot_read(int error)
{
	return error == EIO || error == EBADMSG || error == EMSGSIZE || error == EINVAL ||
	       error == EKEYEXPIRED;
}
