/* SPDX-License-Identifier: MIT */
/*
 * Another preload, beside the object: hooks what authbind, ip2unix, torsocks and socket_wrapper do, tells of each call by a
 * line, and passes it on; close() is handed on past whoever comes next, and a process that another one passes a socket to is
 * ended, as torsocks does. A message that passes a descriptor on gets one more, as of socket_wrapper; AF_UNIX is refused.
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int close_range(unsigned first, unsigned last, int flags);
void closefrom(int first);
int execveat(int folder, const char *path, char *const argv[], char *const environment[], int flags);

static void tell(const char *line)
{
	syscall(SYS_write, 1, line, strlen(line));
}

#define NEXT(name)                                                                                           \
	static __typeof__(name) *next;                                                                       \
	if (!next)                                                                                           \
		next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name);                                          \
	tell(#name "\n")

int bind(int fd, const struct sockaddr *address, socklen_t size)
{
	NEXT(bind);
	return next(fd, address, size);
}

int listen(int fd, int backlog)
{
	NEXT(listen);
	return next(fd, backlog);
}

int close_range(unsigned first, unsigned last, int flags)
{
	NEXT(close_range);
	return next(first, last, flags);
}

void closefrom(int first)
{
	NEXT(closefrom);
	next(first);
}

int execveat(int folder, const char *path, char *const argv[], char *const environment[], int flags)
{
	NEXT(execveat);
	return next(folder, path, argv, environment, flags);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t size = syscall(SYS_recvmsg, fd, message, flags);
	struct cmsghdr *first = size < 0 ? NULL : CMSG_FIRSTHDR(message);

	if (first && first->cmsg_type == SCM_RIGHTS)
		_exit(1);
	return size;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(8 * sizeof(int))];
	} more = {0};
	struct msghdr changed = *message;
	struct cmsghdr *first = CMSG_FIRSTHDR(message);
	size_t size = first ? first->cmsg_len : 0;

	if (size && first->cmsg_type == SCM_RIGHTS && size < CMSG_LEN(8 * sizeof(int))) {
		memcpy(&more, first, size);
		memcpy((char *)&more + size, CMSG_DATA(first), sizeof(int));
		more.header.cmsg_len = size + sizeof(int);
		changed.msg_control = &more;
		changed.msg_controllen = CMSG_SPACE(more.header.cmsg_len - CMSG_LEN(0));
	}
	return syscall(SYS_sendmsg, fd, &changed, flags);
}

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
	if (address->sa_family != AF_UNIX)
		return (int)syscall(SYS_connect, fd, address, size);
	errno = EPERM;
	return -1;
}

int close(int fd)
{
	return (int)syscall(SYS_close, fd);
}
