/* SPDX-License-Identifier: MIT */
/* Loaded by server_many_objects, from many files: closes. */
#include <unistd.h>

int closer_close(int fd);

int closer_close(int fd)
{
	return close(fd);
}
