/* SPDX-License-Identifier: MIT */
/* See socket_path.h. */
#include "hub/socket_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER_NAME "/tlsbye-XXXXXX"

/* Fields of HUB_VARIABLE are told apart by colons. */
static bool fits(const char *tmp)
{
	return tmp && *tmp == '/' && strlen(tmp) + sizeof FOLDER_NAME <= HUB_FOLDER_MAX && !strchr(tmp, ':');
}

bool socket_path_make(char folder[HUB_FOLDER_MAX], struct sockaddr_un *address)
{
	const char *tmp = getenv("TMPDIR");
	snprintf(folder, HUB_FOLDER_MAX, "%s" FOLDER_NAME, fits(tmp) ? tmp : "/tmp");
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
