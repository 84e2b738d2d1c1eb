/* SPDX-License-Identifier: MIT */
/* See process.h. */
#include "sys/process.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct home {
	uint32_t alive; /* 0 where a raw clone wiped it */
	pid_t pid;
};

static struct home *home;
static struct home home_without_wipe; /* a kernel before 4.14 */

void process_begin(void)
{
	home = mmap(NULL, sizeof *home, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (home == MAP_FAILED || madvise(home, sizeof *home, MADV_WIPEONFORK) != 0)
		home = &home_without_wipe;
	process_begin_anew();
}

void process_begin_anew(void)
{
	if (!home)
		return;
	home->alive = 1;
	home->pid = getpid();
}

/* Before the first connection there is nothing to guard. */
bool process_is_original(void)
{
	return !home || (home->alive && home->pid == getpid());
}

pid_t process_id(void)
{
	return home ? home->pid : getpid();
}

/* Its folder has a link for each, and two of its own. */
bool process_has_one_thread(void)
{
	struct stat task;
	return stat("/proc/self/task", &task) == 0 && task.st_nlink == 3;
}

/*
 * fflush(NULL) waits for every stream's lock: with another thread blocked in fgets() it would never return. So only
 * where the program has one thread, and nobody else can hold one.
 */
void process_save_output(void)
{
	if (process_has_one_thread())
		fflush(NULL);
}
