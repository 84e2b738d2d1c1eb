/* SPDX-License-Identifier: MIT */
/*
 * The host's side of clone.h: places for tasks. A task cannot unmap the stack that it stands on, so its memory is kept, and
 * used again: the kernel clears the place's `task` when it has left that memory for good (CLONE_CHILD_CLEARTID).
 *
 * A task that has ended is a zombie of ours until the next hand-over, which waits for exactly that process: never for
 * another child, whose status is the program's.
 *
 * Rules: no lock. A place is taken by whoever changes its state from FREE or RUNNING; no handler of the thread runs in
 * between. After a fork the tasks are the parent's: the child begins with every place free.
 */
#include "linger/clone.h"

#include "linger/clone_task.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

enum { FREE, TAKEN, RUNNING };
enum { GUARD = 64 * 1024 /* a page, of whatever machine */, SIGNAL_SET_SIZE = 8 };

struct place {
	_Atomic int state;
	pid_t task; /* written by the kernel: the process, and 0 when it has ended */
	pid_t pid;  /* the same, kept until it is waited for */
	struct clone_task *memory;
};

static struct place places[CLONES_MAX];
static _Atomic unsigned used; /* no place beyond was ever taken */
static _Atomic long owner;    /* whose tasks these are */

static bool has_ended(const struct place *place)
{
	return __atomic_load_n(&place->task, __ATOMIC_ACQUIRE) == 0;
}

/* ECHILD: the program has waited for any process of whatever kind (__WALL), or was exec'd over. */
static bool reap(const struct place *place)
{
	long found = kernel_call(SYS_wait4, place->pid, 0, WNOHANG | __WCLONE, 0, 0, 0);
	return found == place->pid || found == -ECHILD;
}

static bool change(struct place *place, int from, int to)
{
	return atomic_compare_exchange_strong(&place->state, &from, to);
}

/* Takes the first that is free, and waits for all that have ended meanwhile. */
static struct place *take_place(unsigned most)
{
	struct place *taken = NULL;
	unsigned count = atomic_load(&used), running = 0;
	for (unsigned i = 0; i < count && i < CLONES_MAX; i++) {
		struct place *place = &places[i];
		if (atomic_load(&place->state) == RUNNING && has_ended(place) &&
		    change(place, RUNNING, TAKEN))
			atomic_store(&place->state, reap(place) ? FREE : RUNNING);
		if (!taken && change(place, FREE, TAKEN))
			taken = place;
		running += place != taken && atomic_load(&place->state) != FREE;
	}
	if (!taken && count < most)
		count = atomic_fetch_add(&used, 1);
	if (!taken && count < most && change(&places[count], FREE, TAKEN))
		taken = &places[count];
	if (!taken || running < most)
		return taken;
	atomic_store(&taken->state, FREE);
	return NULL;
}

static bool map_memory(struct place *place)
{
	if (place->memory)
		return true;
	char *mapped = mmap(NULL, GUARD + sizeof *place->memory, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mapped == MAP_FAILED)
		return false;
	if (mprotect(mapped + GUARD, sizeof *place->memory, PROT_READ | PROT_WRITE) != 0) {
		munmap(mapped, GUARD + sizeof *place->memory);
		return false;
	}
	place->memory = (struct clone_task *)(mapped + GUARD);
	return true;
}

static void fill(struct clone_task *task, int fd, const struct hold *hold, const void *residue,
		 const char *sites, struct clone_log log)
{
	bool tells = hold->level >= LEVEL_INFO && hold->mode != MODE_OFF;
	task->fd = fd;
	task->hold = *hold;
	task->hold.drain.residue.bytes = task->residue;
	atomic_store(&task->spoken, false);
	task->host = (pid_t)kernel_call(SYS_getpid, 0, 0, 0, 0, 0, 0);
	if (hold->residue_length)
		memcpy(task->residue, residue, hold->residue_length);
	if (hold->sites_length)
		memcpy(task->sites, sites, hold->sites_length);
	task->mailbox = tells ? log.mailbox : NULL;
	task->log_fd = tells ? log.fd : -1;
	*task->log_path = '\0';
	if (tells && log.path && !log.mailbox)
		memccpy(task->log_path, log.path, '\0', sizeof task->log_path - 1);
}

int __clone(int (*function)(void *), void *stack, int flags, void *argument, ...);

/* The task inherits the mask: no handler of the host's ever runs in it. */
static bool begin(struct place *place)
{
	char *stack = place->memory->stack + sizeof place->memory->stack;
	int pid = __clone(clone_task_run, stack, CLONE_VM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID,
			  place->memory, &place->task, NULL, &place->task);
	place->pid = pid;
	return pid >= 0;
}

static void begin_anew_after_fork(void)
{
	long self = kernel_call(SYS_getpid, 0, 0, 0, 0, 0, 0), before = atomic_load(&owner);
	if (before == self || !atomic_compare_exchange_strong(&owner, &before, self))
		return;
	for (unsigned i = 0; i < CLONES_MAX; i++)
		atomic_store(&places[i].state, FREE);
}

static bool begin_in_place(struct place *place, int fd, const struct hold *hold, const void *residue,
			   const char *sites, struct clone_log log)
{
	bool begun = map_memory(place);
	if (begun) {
		fill(place->memory, fd, hold, residue, sites, log);
		begun = begin(place);
	}
	atomic_store(&place->state, begun ? RUNNING : FREE);
	return begun;
}

/*
 * All but the synchronous ones: a sandbox (SECCOMP_RET_TRAP) may answer clone() by SIGSYS, and a blocked one kills. 0, or the
 * errno: then no task may begin, in which the program's handlers would run.
 */
static int block_signals(uint64_t *before)
{
	const uint64_t synchronous = UINT64_C(1) << (SIGSEGV - 1) | UINT64_C(1) << (SIGBUS - 1) |
				     UINT64_C(1) << (SIGFPE - 1) | UINT64_C(1) << (SIGILL - 1) |
				     UINT64_C(1) << (SIGTRAP - 1) | UINT64_C(1) << (SIGSYS - 1);
	const uint64_t blocked = ~synchronous;
	return (int)-kernel_call(SYS_rt_sigprocmask, SIG_BLOCK, (long)&blocked, (long)before, SIGNAL_SET_SIZE,
				 0, 0);
}

int clone_hand_over(int fd, const struct hold *hold, const void *residue, const char *sites,
		    struct clone_log log)
{
	if (!kernel_has_raw)
		return ENOSYS;
	if (hold->residue_length > RESIDUE_MAX || hold->sites_length > HOLD_SITES_MAX)
		return EMSGSIZE;
	uint64_t before;
	int saved = errno, error = block_signals(&before);
	if (error)
		return error;
	begin_anew_after_fork();
	struct place *place = take_place(hold->number < CLONES_MAX ? hold->number : CLONES_MAX);
	errno = EUSERS;
	bool begun = place && begin_in_place(place, fd, hold, residue, sites, log);
	error = begun ? 0 : errno;
	kernel_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, SIGNAL_SET_SIZE, 0, 0);
	errno = saved;
	return error;
}

unsigned clone_count(void)
{
	unsigned count = 0;
	for (unsigned i = 0; i < CLONES_MAX; i++)
		count += atomic_load(&places[i].state) == RUNNING && !has_ended(&places[i]);
	return count;
}

static bool holds(const struct place *place, uint64_t id)
{
	return place->memory->hold.id == id && place->memory->hold.follows && !has_ended(place);
}

/* The place is TAKEN meanwhile, so that no other task begins there. */
static bool put(struct place *place, const struct hold_speech *speech, const void *bytes)
{
	bool here = holds(place, speech->id);
	if (here) {
		place->memory->speech = *speech;
		if (speech->residue_length)
			memcpy(place->memory->speech_bytes, bytes, speech->residue_length);
		atomic_store(&place->memory->spoken, true);
	}
	atomic_store(&place->state, RUNNING);
	return here;
}

bool clone_speaks(const struct hold_speech *speech, const void *bytes)
{
	unsigned count = atomic_load(&used);
	if (speech->residue_length > RESIDUE_MAX || atomic_load(&owner) != speech->pid)
		return false;
	for (unsigned i = 0; i < count && i < CLONES_MAX; i++)
		if (change(&places[i], RUNNING, TAKEN) && put(&places[i], speech, bytes))
			return true;
	return false;
}
