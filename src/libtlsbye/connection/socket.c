/* SPDX-License-Identifier: MIT */
/* See socket.h. */
#include "connection/socket.h"

#include "sys/export.h"

#include <sys/stat.h>

/* A kernel that has no SO_COOKIE for this kind. */
SLOWLY static bool inode(int fd, uint64_t *cookie)
{
	struct stat status;
	if (fstat(fd, &status) != 0 || !S_ISSOCK(status.st_mode))
		return false;
	*cookie = status.st_ino;
	return true;
}

bool socket_cookie(int fd, uint64_t *cookie)
{
	socklen_t size = sizeof *cookie;
	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie, &size) == 0 || inode(fd, cookie);
}

bool socket_is_of(const struct connection *c, int fd)
{
	uint64_t cookie;
	return socket_cookie(fd, &cookie) && cookie == c->socket.cookie;
}

bool socket_is_of_type(int fd, int wanted)
{
	int type = 0;
	socklen_t size = sizeof type;
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == wanted;
}
