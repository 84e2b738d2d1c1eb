/* SPDX-License-Identifier: MIT */
/* See socket_path.h. */
#include "hub/socket_path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define FOLDER_PREFIX "tlsbye-"
#define FOLDER_NAME   "/" FOLDER_PREFIX "XXXXXX"

enum { ENTRIES_LOOKED_AT = 4096 }; /* a folder for temporary files may have any number */

/* --- what a killed hub has left --- */

/* Of our own, so that nobody else can put a link into it. */
static bool is_own(int folder)
{
	struct stat status, socket;
	return fstat(folder, &status) == 0 && status.st_uid == geteuid() &&
	       fstatat(folder, HUB_SOCKET_FILE, &socket, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISSOCK(socket.st_mode);
}

/*
 * Has nobody the socket open any more? Asked with another type: so a hub that lives gets no connection of it, and one that
 * does not listen yet is told from none (EPROTOTYPE; ECONNREFUSED).
 */
static bool is_deserted(int folder)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" HUB_SOCKET_FILE, folder);
	bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 &&
		       errno == ECONNREFUSED;
	if (fd >= 0)
		close(fd);
	return refused;
}

static void remove_if_left(int tmp, const char *name)
{
	int folder = openat(tmp, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder >= 0 && is_own(folder) && is_deserted(folder) && unlinkat(folder, HUB_SOCKET_FILE, 0) == 0)
		unlinkat(tmp, name, AT_REMOVEDIR);
	if (folder >= 0)
		close(folder);
}

/* A hub of another machine lives, and this kernel does not know. */
static bool is_of_several_machines(int folder)
{
	struct statfs status;
	return fstatfs(folder, &status) != 0 || status.f_type == NFS_SUPER_MAGIC;
}

static void remove_left(const char *tmp)
{
	DIR *all = opendir(tmp);
	const struct dirent *one;
	if (all && is_of_several_machines(dirfd(all))) {
		closedir(all);
		return;
	}
	for (int n = 0; all && n < ENTRIES_LOOKED_AT && (one = readdir(all)); n++)
		if (strncmp(one->d_name, FOLDER_PREFIX, strlen(FOLDER_PREFIX)) == 0 &&
		    strlen(one->d_name) == strlen(FOLDER_NAME) - 1)
			remove_if_left(dirfd(all), one->d_name);
	if (all)
		closedir(all);
}

/* --- ours --- */

/* Fields of HUB_VARIABLE are told apart by colons. */
static bool fits(const char *tmp)
{
	return tmp && *tmp == '/' && strlen(tmp) + sizeof FOLDER_NAME <= HUB_FOLDER_MAX && !strchr(tmp, ':');
}

bool socket_path_make(char folder[HUB_FOLDER_MAX], struct sockaddr_un *address)
{
	const char *tmp = getenv("TMPDIR");
	if (!fits(tmp))
		tmp = "/tmp";
	remove_left(tmp);
	snprintf(folder, HUB_FOLDER_MAX, "%s" FOLDER_NAME, tmp);
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (!mkdtemp(folder)) {
		*folder = '\0';
		return false;
	}
	snprintf(address->sun_path, sizeof address->sun_path, "%s/" HUB_SOCKET_FILE, folder);
	return true;
}

void socket_path_remove(const char *folder)
{
	char path[HUB_FOLDER_MAX + sizeof "/" HUB_SOCKET_FILE];
	if (!*folder)
		return;
	snprintf(path, sizeof path, "%s/" HUB_SOCKET_FILE, folder);
	unlink(path);
	rmdir(folder);
}
