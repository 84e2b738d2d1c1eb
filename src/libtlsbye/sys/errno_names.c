/* SPDX-License-Identifier: MIT */
/* See errno_names.h: what read(2), write(2), connect(2) and their kin give. */
#include "sys/errno_names.h"

#include <openssl/ssl.h>
#include <stdbool.h>

#include <errno.h>
#include <stddef.h>

#define NAMED(name)                                                                                          \
	{                                                                                                    \
		name, #name                                                                                  \
	}

static const struct {
	int value;
	char name[16]; /* no pointer: it would be relocated at the start of every process */
} named[] = {
	NAMED(EPERM),        NAMED(ETOOMANYREFS),  NAMED(EUSERS),       NAMED(ENOENT),
	NAMED(EINTR),        NAMED(EIO),           NAMED(ENXIO),        NAMED(EBADF),
	NAMED(EAGAIN),       NAMED(ENOMEM),        NAMED(EACCES),       NAMED(EFAULT),
	NAMED(EBUSY),        NAMED(ENODEV),        NAMED(EINVAL),       NAMED(ENFILE),
	NAMED(EMFILE),       NAMED(EFBIG),         NAMED(ENOSPC),       NAMED(EROFS),
	NAMED(EPIPE),        NAMED(EISDIR),        NAMED(EDESTADDRREQ), NAMED(EMSGSIZE),
	NAMED(EPROTO),       NAMED(EBADMSG),       NAMED(ENOTSOCK),     NAMED(EOPNOTSUPP),
	NAMED(EADDRINUSE),   NAMED(EADDRNOTAVAIL), NAMED(ENETDOWN),     NAMED(ENETUNREACH),
	NAMED(ENETRESET),    NAMED(ECONNABORTED),  NAMED(ECONNRESET),   NAMED(ENOBUFS),
	NAMED(EISCONN),      NAMED(ENOTCONN),      NAMED(ESHUTDOWN),    NAMED(ETIMEDOUT),
	NAMED(ECONNREFUSED), NAMED(EHOSTDOWN),     NAMED(EHOSTUNREACH), NAMED(EALREADY),
	NAMED(EINPROGRESS),  NAMED(ECANCELED),     NAMED(ENOPROTOOPT),  NAMED(EDQUOT),
	NAMED(ENOSYS),       NAMED(ENOKEY),
};

const char *errno_names_find(int value)
{
	for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
		if (named[i].value == value)
			return named[i].name;
	return value ? "errno" : NULL;
}

/* Arrays of bytes and not of pointers: these would be relocated at the start of every process. */
const char *errno_names_of_ssl(int error)
{
	static const char names[][28] = {
		[SSL_ERROR_SSL] = "SSL_ERROR_SSL",
		[SSL_ERROR_WANT_READ] = "SSL_ERROR_WANT_READ",
		[SSL_ERROR_WANT_WRITE] = "SSL_ERROR_WANT_WRITE",
		[SSL_ERROR_WANT_X509_LOOKUP] = "SSL_ERROR_WANT_X509_LOOKUP",
		[SSL_ERROR_SYSCALL] = "SSL_ERROR_SYSCALL",
		[SSL_ERROR_ZERO_RETURN] = "SSL_ERROR_ZERO_RETURN",
		[SSL_ERROR_WANT_ASYNC] = "SSL_ERROR_WANT_ASYNC",
		[SSL_ERROR_WANT_ASYNC_JOB] = "SSL_ERROR_WANT_ASYNC_JOB",
	};
	bool known = error > 0 && (size_t)error < sizeof names / sizeof names[0] && *names[error];
	return known ? names[error] : NULL;
}
