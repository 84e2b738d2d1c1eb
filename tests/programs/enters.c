/* SPDX-License-Identifier: MIT */
/* enters ENVIRONMENT PROGRAM ARG...: executes PROGRAM in it (environment.h). Status 77: this machine lets nobody do so. */
#include "environment.h"

#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc < 3 || !environment_enter(argv[1])) {
		perror("enters");
		return 77;
	}
	execv(argv[2], argv + 2);
	perror(argv[2]);
	return 126;
}
