/* SPDX-License-Identifier: MIT */
/*
 * Puts the hub's filter on itself, and tries what the hub must not do any more, and what it must: a line for each that is
 * not as it should be, "filter works" at the end. Status 77: there is no filter on this machine.
 */
#include "hub/hub_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static char said[512];

static void refused(const char *what, long result)
{
	if (result >= 0 || errno != EPERM)
		strcat(strcat(said, what), " is not refused\n");
}

static void allowed(const char *what, bool good)
{
	if (!good)
		strcat(strcat(said, what), " is refused\n");
}

int main(void)
{
	char *argv[] = {NULL};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !hub_filter_install())
		return 77;
	refused("socket", socket(AF_INET, SOCK_STREAM, 0));
	refused("connect", connect(-1, NULL, 0));
	refused("bind", bind(-1, NULL, 0));
	refused("execve", execve("/bin/true", argv, argv));
	refused("clone", syscall(SYS_clone, 0, 0, 0, 0, 0));
	refused("ptrace", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	refused("kill", kill(getppid(), 0));
	refused("prctl", prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
	refused("mprotect", syscall(SYS_mprotect, NULL, 0, PROT_EXEC));
	void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	refused("memory that is code", code == MAP_FAILED ? -1 : 0);
	allowed("memory",
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
	refused("a change of flags", fcntl(1, F_SETFL, 0));
	allowed("a look at seals", fcntl(1, F_GET_SEALS) >= 0 || errno == EINVAL);
	allowed("a seal", fcntl(1, F_ADD_SEALS, F_SEAL_WRITE) == 0 || errno != EPERM);
	allowed("pread", pread(-1, said, 1, 0) < 0 && errno == EBADF);
	allowed("pwrite", pwrite(-1, said, 1, 0) < 0 && errno == EBADF);
	allowed("open", open("/dev/null", O_WRONLY) >= 0);
	strcat(said, *said ? "" : "filter works\n");
	return write(1, said, strlen(said)) < 0;
}
