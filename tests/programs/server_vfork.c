/* SPDX-License-Identifier: MIT */
/*
 * A vfork child closes the inherited connection in its parent's memory, then exits, or execs (--mode exec); the
 * parent goes on to serve. The habit of python's subprocess and of posix_spawn() wrappers.
 */
#include <sys/wait.h>

#include "legacy.h"

static void talk(SSL *ssl, int fd)
{
	bool exec = legacy_is("exec");
	pid_t child = vfork();

	if (child == 0) {
		close(fd);
		if (exec)
			execl("/bin/true", "true", (char *)NULL);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	legacy_exchange(ssl);
	SSL_free(ssl);
	close(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
