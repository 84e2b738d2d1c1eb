/* SPDX-License-Identifier: MIT */
/* See process.h. */
#include "sys/process.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct process_home *process_home;
static struct process_home home_without_wipe; /* a kernel before 4.14 */

/* Where vfork() has no hook, or nothing is wiped for a child, one always may. */
_Atomic bool process_shares = !PROCESS_VFORK_IS_SEEN;

void process_begin(void)
{
	struct process_home *home =
		mmap(NULL, sizeof *home, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (home == MAP_FAILED || madvise(home, sizeof *home, MADV_WIPEONFORK) != 0)
		home = &home_without_wipe;
	if (home == &home_without_wipe)
		process_shares_memory();
	*home = (struct process_home){.alive = 1, .pid = getpid()};
	process_home = home;
}

void process_begin_anew(void)
{
	if (process_home)
		*process_home = (struct process_home){.alive = 1, .pid = getpid()};
}

void process_shares_memory(void)
{
	atomic_store_explicit(&process_shares, true, memory_order_relaxed);
}

pid_t process_id(void)
{
	return process_home ? process_home->pid : getpid();
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
