/* SPDX-License-Identifier: MIT */
/*
 * Another preload, beside the object: hooks what authbind, ip2unix, torsocks and socket_wrapper do, tells of each call by a
 * line, and passes it on; close() is handed on past whoever comes next, and a process that another one passes a socket to is
 * ended, as torsocks does.
 */
#include <dlfcn.h>
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

int close(int fd)
{
	return (int)syscall(SYS_close, fd);
}
