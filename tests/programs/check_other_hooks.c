/* SPDX-License-Identifier: MIT */
/* Calls what another preload may hook (other_hooks.c): a server that binds and listens, closes what it got, and executes itself. */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int close_range(unsigned first, unsigned last, int flags);
void closefrom(int first);
int execveat(int folder, const char *path, char *const argv[], char *const environment[], int flags);

int main(int argc, char **argv)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char again[] = "again", *arguments[] = {argv[0], again, NULL};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (argc > 1)
		return 0;
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) != 0 || listen(fd, 1) != 0) {
		perror("bind or listen");
		return 1;
	}
	close_range((unsigned)fd, (unsigned)fd, 0);
	closefrom(200);
	execveat(AT_FDCWD, argv[0], arguments, environ, 0);
	perror("execveat");
	return 1;
}
