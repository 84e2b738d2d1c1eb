/* SPDX-License-Identifier: MIT */
/* Preloaded: a sendto() that does not wait and raises no signal, as the object's own are, is interrupted each time. */
#include <dlfcn.h>
#include <errno.h>
#include <sys/socket.h>

enum { AS_OURS = MSG_DONTWAIT | MSG_NOSIGNAL };

ssize_t sendto(int fd, const void *bytes, size_t size, int flags, const struct sockaddr *to,
	       socklen_t to_size)
{
	static __typeof__(sendto) *next;
	if (!next)
		next = (__typeof__(sendto) *)dlsym(RTLD_NEXT, "sendto");
	if ((flags & AS_OURS) != AS_OURS)
		return next(fd, bytes, size, flags, to, to_size);
	errno = EINTR;
	return -1;
}
