/* SPDX-License-Identifier: MIT */
/*
 * A vfork child closes the inherited connection in its parent's memory, then exits, or execs (--mode exec); the
 * parent goes on to serve. The habit of python's subprocess and of posix_spawn() wrappers. --mode clone: the same child
 * by clone(), on a stack of its own.
 */
#include <sched.h>
#include <sys/wait.h>

#include "legacy.h"

static int close_in_child(void *fd)
{
	close(*(int *)fd);
	_exit(0);
}

static pid_t clone_and_close(int fd)
{
	static _Thread_local char stack[64 * 1024];
	return clone(close_in_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &fd);
}

static void talk(SSL *ssl, int fd)
{
	bool exec = legacy_is("exec");
	pid_t child = legacy_is("clone") ? clone_and_close(fd) : vfork();

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
