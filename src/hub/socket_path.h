/* SPDX-License-Identifier: MIT */
/*
 * The socket's path, in a folder of its own: for programs in another network namespace, where abstract names are others.
 * Made by `tlsbye run`, removed by the hub. Of a hub that
 * was killed, the next `tlsbye run` of the same user with the same TMPDIR removes it.
 */
#ifndef TLSBYE_SOCKET_PATH_H
#define TLSBYE_SOCKET_PATH_H

#include "hub/message.h"

#include <sys/un.h>

/* A new folder, and the address of the socket in it. False: there is no place for one, and the folder is "". */
bool socket_path_make(char folder[HUB_FOLDER_MAX], struct sockaddr_un *address);

void socket_path_remove(const char *folder);

#endif
