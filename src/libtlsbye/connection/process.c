/* SPDX-License-Identifier: MIT */
/*
 * Fork, vfork, exit: see process.h.
 *
 * One page that the kernel wipes in a forked child (MADV_WIPEONFORK) tells child from parent with one load, also
 * where a raw clone ran no fork handler; a vfork child shares the page, so only getpid() tells it. The holders of a
 * forked connection share a slot in shared memory: how many they are, and which of them has spoken since the fork.
 *
 * Rules: pthread_atfork, not a hook of fork: daemon() and forkpty() call fork inside libc. Shared memory is mapped in
 * the prepare handler, when there is something to share; a slot is free again when its last holder let go. A child
 * that is killed never lets go: then the others stay silent, and the slot is lost.
 */
#include "connection/process.h"

#include "release/process_exit.h"
#include "observe/learn_socket.h"
#include "linger/linger.h"
#include "sys/real_objects.h"
#include "sys/settings.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Who has spoken on the connection since the fork. */
enum { NOBODY_YET = 0, SEVERAL = UINT32_MAX };

struct fork_slot {
	_Atomic uint32_t holders;
	_Atomic uint32_t speaker; /* a process' number */
};

enum { SLOTS = 511, SLOT_PAGES = 64 };

struct slot_page {
	struct fork_slot slots[SLOTS];
	_Atomic uint32_t last_number; /* of a process of this family; used in the first page only */
};

static struct slot_page *pages[SLOT_PAGES]; /* written by the forking thread; inherited */
static unsigned page_count;

struct home {
	uint32_t alive; /* 0 where a raw clone wiped it */
	pid_t pid;
	uint32_t number; /* of the process among its relatives; 0 before the first fork */
};

static struct home *home;
static struct home home_without_wipe; /* a kernel before 4.14 */
static pthread_mutex_t forking = PTHREAD_MUTEX_INITIALIZER;

bool process_is_original(void)
{
	return !home || (home->alive &&
			 home->pid == getpid()); /* before the first connection there is nothing to guard */
}

pid_t process_id(void)
{
	return home ? home->pid : getpid();
}

static struct slot_page *add_page(void)
{
	if (page_count == SLOT_PAGES)
		return NULL;
	struct slot_page *page =
		mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return NULL;
	return pages[page_count++] = page;
}

static struct fork_slot *free_slot_in(struct slot_page *page)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		uint32_t nobody = 0;
		if (atomic_compare_exchange_strong(&page->slots[i].holders, &nobody, 1))
			return &page->slots[i];
	}
	return NULL;
}

/* Relatives take slots from the same pages at the same time: hence the exchange. */
static struct fork_slot *new_slot(void)
{
	struct fork_slot *slot = NULL;
	for (unsigned i = 0; i < page_count && !slot; i++)
		slot = free_slot_in(pages[i]);
	struct slot_page *page = slot ? NULL : add_page();
	if (page)
		slot = free_slot_in(page);
	if (slot)
		atomic_store(&slot->speaker, NOBODY_YET);
	return slot;
}

bool ownership_owns(const struct connection *c)
{
	if (!process_is_original() || atomic_load(&c->released.not_ours))
		return false;
	struct fork_slot *slot = atomic_load(&c->slot);
	if (!slot)
		return true;
	uint32_t speaker = atomic_load(&slot->speaker);
	return speaker == NOBODY_YET ? atomic_load(&slot->holders) == 1 : speaker == home->number;
}

bool ownership_shares(const struct connection *c)
{
	struct fork_slot *slot = atomic_load(&c->slot);
	return slot && atomic_load(&slot->holders) > 1;
}

void ownership_speaks(struct connection *c)
{
	struct fork_slot *slot = atomic_load(&c->slot);
	uint32_t speaker = NOBODY_YET;
	if (slot && !atomic_compare_exchange_strong(&slot->speaker, &speaker, home->number) &&
	    speaker != home->number)
		atomic_store(&slot->speaker, SEVERAL);
}

void ownership_lets_go(struct connection *c, bool said)
{
	struct fork_slot *slot = atomic_exchange(&c->slot, NULL);
	if (!slot)
		return;
	if (said)
		atomic_store(&slot->speaker, SEVERAL);
	atomic_fetch_sub(&slot->holders, 1);
}

/*
 * Before the fork: the child is counted as a holder already, so that a parent that is faster sees it. Whoever is inside
 * at this moment is speaking, and will be in the parent; the mark comes before the fork, so that no call slips through
 * between the two.
 */
static void share(struct connection *c, void *arg)
{
	(void)arg;
	if (!atomic_load(&c->ssl))
		return;
	bool ours = ownership_owns(c);
	bool inside = claim_mark(&c->claim, CLAIM_FORKED) & CLAIM_INSIDE;
	struct fork_slot *slot = atomic_load(&c->slot);
	if (!slot)
		atomic_store(&c->slot, slot = new_slot());
	if (!slot) {
		atomic_store(&c->released.not_ours, true); /* nothing can tell the two apart: both stay silent */
		return;
	}
	if (ours)
		atomic_store(&slot->speaker, inside ? home->number : NOBODY_YET);
	atomic_fetch_add(&slot->holders, 1);
}

static void before_fork(void)
{
	pthread_mutex_lock(&forking);
	linger_before_fork();
	if (process_is_original() && (page_count || add_page())) {
		if (!home->number)
			home->number = atomic_fetch_add(&pages[0]->last_number, 1) + 1;
		records_each(share, NULL);
	}
	real_objects_before_fork();
}

static void after_fork_in_parent(void)
{
	real_objects_after_fork();
	linger_after_fork();
	pthread_mutex_unlock(&forking);
}

/* --- threads --- */

/* All threads, ours included; 0 if unknown. */
static unsigned threads(void)
{
	struct stat task;
	return stat("/proc/self/task", &task) == 0 && task.st_nlink > 2 ? (unsigned)task.st_nlink - 2 : 0;
}

static pthread_key_t leaving_key; /* set in each thread that has used an SSL */
static _Atomic bool main_has_left;

bool process_main_has_left(void)
{
	return atomic_load(&main_has_left);
}

/* proc(5): the state stands behind the name, which may hold anything. */
static bool main_is_zombie(void)
{
	char stat[128];
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : real.read(fd, stat, sizeof stat);
	if (fd >= 0)
		real.close(fd);
	const char *name_end = n > 0 ? memrchr(stat, ')', (size_t)n) : NULL;
	return name_end && name_end + 2 < stat + n && name_end[2] == 'Z';
}

/* The main thread stays in the list, as a zombie, until the process ends; in exit() it is alive. */
bool process_is_deserted(void)
{
	return threads() == 2 && main_is_zombie();
}

static bool is_main_thread(void)
{
	return syscall(SYS_gettid) == getpid();
}

static bool is_last_thread(bool is_main)
{
	unsigned ours = linger_refused() ? 0 : 1;
	return threads() == 1 + ours + (is_main ? 0 : 1);
}

static void thread_leaves(void *nothing)
{
	(void)nothing;
	if (!process_is_original())
		return;
	bool is_main = is_main_thread();
	if (is_main)
		atomic_store(&main_has_left, true);
	if (!process_main_has_left())
		return;
	if (is_last_thread(is_main))
		linger_end((unsigned)settings->at_exit_ms);
	else
		linger_look_around();
}

void process_thread_exits(void)
{
	if (is_main_thread())
		atomic_store(&main_has_left, true); /* long before the first connection, maybe */
	if (home && !pthread_getspecific(leaving_key))
		thread_leaves(NULL);
}

/* --- descriptors of ours in the program's table --- */

enum { LENT = 16 };
static _Atomic int lent[LENT]; /* descriptor + 1 */

void process_lends(int fd)
{
	for (int i = 0; i < LENT; i++) {
		int nothing = 0;
		if (atomic_compare_exchange_strong(&lent[i], &nothing, fd + 1))
			return;
	}
}

void process_takes_back(int fd)
{
	for (int i = 0; i < LENT; i++) {
		int ours = fd + 1;
		if (atomic_compare_exchange_strong(&lent[i], &ours, 0))
			break;
	}
	real.close(fd);
}

/*
 * The last numbers of the block of 64 that fd is in: the kernel's table has room for them. It would have to grow for
 * higher ones, which takes milliseconds where there are threads.
 */
int process_lends_copy(int fd)
{
	int copy = real.fcntl(fd, F_DUPFD_CLOEXEC, (fd | 63) - 15);
	if (copy < 0) /* taken, or above the program's limit */
		copy = real.fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy >= 0)
		process_lends(copy);
	return copy;
}

static void close_lent(void)
{
	for (int i = 0; i < LENT; i++) {
		int fd = atomic_exchange(&lent[i], 0) - 1;
		if (fd >= 0)
			real.close(fd);
	}
}

/* --- exec and _exit --- */

/* Whoever has spoken since the fork remains the one who did: the others stay silent in any case. */
static void disown_unspoken(struct connection *c, void *arg)
{
	(void)arg;
	if (!atomic_load(&c->slot) || !claim_is_marked(&c->claim, CLAIM_FORKED))
		return;
	atomic_store(&c->released.not_ours, true);
	ownership_lets_go(c, false);
}

static void release(struct connection *c, void *arg)
{
	(void)arg;
	ownership_lets_go(c, false);
}

void process_executes(void)
{
	if (page_count && process_is_original())
		records_each(disown_unspoken, NULL);
}

void process_ends(void)
{
	if (page_count && process_is_original())
		records_each(release, NULL);
}

/* --- fork --- */

static void settle(void)
{
	home->alive = 1;
	home->pid = getpid();
	home->number = page_count ? atomic_fetch_add(&pages[0]->last_number, 1) + 1 : 0;
}

static void after_fork_in_child(void)
{
	atomic_store(&main_has_left, false);
	pthread_mutex_init(&forking, NULL);
	settle();
	real_child_after_fork();
	real_objects_child_after_fork();
	close_lent();
	linger_child_after_fork();
	connection_child_after_fork();
	learn_socket_child_after_fork();
}

static void begin(void)
{
	settings_need();
	home = mmap(NULL, sizeof *home, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (home == MAP_FAILED || madvise(home, sizeof *home, MADV_WIPEONFORK) != 0)
		home = &home_without_wipe;
	settle();
	pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
	process_watch_exit();
	process_exit_watch_quick();
	pthread_key_create(&leaving_key, thread_leaves);
}

void process_init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, begin);
	if (!pthread_getspecific(leaving_key))
		pthread_setspecific(leaving_key, home);
}

/* --- exit --- */

enum { CLEANUPS = 4 };
static void (*_Atomic cleanups[CLEANUPS])(void *);

bool process_cleans_up_later(void (*cleanup)(void *))
{
	process_watch_exit();
	for (int i = 0; i < CLEANUPS; i++) {
		void (*nothing)(void *) = NULL;
		if (atomic_compare_exchange_strong(&cleanups[i], &nothing, cleanup))
			return true;
	}
	return false;
}

static void at_exit(int status, void *arg)
{
	(void)arg;
	if (process_is_original())
		process_exit_normally(status);
	for (int i = 0; i < CLEANUPS; i++)
		if (atomic_load(&cleanups[i]))
			cleanups[i](NULL);
}

void process_watch_exit(void)
{
	static _Atomic bool watching;
	if (!atomic_exchange(&watching, true))
		on_exit(at_exit, NULL);
}

bool process_has_one_thread(void)
{
	unsigned ours = linger_refused() ? 0 : 1;
	return threads() == 1 + ours;
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
