/* SPDX-License-Identifier: MIT */
/* See process.h. */
#include "sys/process.h"

#include <stdatomic.h>
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

/* May a child live in our memory? Where vfork() has no hook, or nothing is wiped for a child, it always may. */
static _Atomic bool shared = !PROCESS_VFORK_IS_SEEN;

void process_begin(void)
{
	home = mmap(NULL, sizeof *home, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (home == MAP_FAILED || madvise(home, sizeof *home, MADV_WIPEONFORK) != 0)
		home = &home_without_wipe;
	if (home == &home_without_wipe)
		process_shares_memory();
	process_begin_anew();
}

void process_begin_anew(void)
{
	if (!home)
		return;
	home->alive = 1;
	home->pid = getpid();
}

void process_shares_memory(void)
{
	atomic_store_explicit(&shared, true, memory_order_relaxed);
}

/* Before the first connection there is nothing to guard. */
bool process_is_original(void)
{
	if (!home)
		return true;
	bool may_be_child = atomic_load_explicit(&shared, memory_order_relaxed);
	return home->alive && (!may_be_child || home->pid == getpid());
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
