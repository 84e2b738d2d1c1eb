/* SPDX-License-Identifier: MIT */
/*
 * See clone_task.h. The task shares the host's memory and has the rights that the host had when it was made, which the host
 * may have given up since: whoever takes over the host could make the task do what the host may no longer do. So it takes
 * away from itself, by a filter of its own (seccomp(2)), every system call but those of a drain.
 *
 * It is in a session of its own: a ^C, or a signal to the program's group, is meant for the program. SIGTERM, which is what
 * a service manager sends to all of a unit, ends it.
 */
#include "linger/clone_task.h"

#include "connection/mailbox_slots.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <linux/time_types.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>

#ifndef SYS_close_range
#define SYS_close_range 436 /* Linux 5.9; the same number on every machine */
#endif

enum { SIGNAL_SET_SIZE = 8, DESCRIPTORS_MAX = 1 << 20 /* fs.nr_open */, LOG_MODE = 0644 };

/* --- what it gets rid of --- */

/* The host's handler must not run here. SIGSEGV and its like, blocked, end the task. */
static void leave_signals(void)
{
	const unsigned long by_default[8] = {0}; /* the kernel's struct sigaction, whatever its length here */
	const uint64_t all_but_term = ~(UINT64_C(1) << (SIGTERM - 1));
	kernel_call(SYS_rt_sigaction, SIGTERM, (long)by_default, 0, SIGNAL_SET_SIZE, 0, 0);
	kernel_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all_but_term, 0, SIGNAL_SET_SIZE, 0, 0);
	kernel_call(SYS_setsid, 0, 0, 0, 0, 0, 0);
}

static unsigned descriptors_at_most(void)
{
	struct {
		uint64_t now, most;
	} limit;
	if (kernel_call(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (long)&limit, 0, 0) != 0)
		return DESCRIPTORS_MAX;
	return limit.most < DESCRIPTORS_MAX ? (unsigned)limit.most : DESCRIPTORS_MAX;
}

/* One by one where the kernel has no call for it, or a filter of the host's refuses it. */
static void close_range_of(unsigned from, unsigned to)
{
	if (from > to || kernel_call(SYS_close_range, from, to, 0, 0, 0, 0) == 0)
		return;
	unsigned end = descriptors_at_most();
	for (unsigned fd = from; fd <= to && fd < end; fd++)
		kernel_call(SYS_close, fd, 0, 0, 0, 0, 0);
}

/* The host's pipes must end, and its listeners must be gone, when it has closed them. */
static void close_all_but(unsigned one, unsigned other)
{
	unsigned low = one < other ? one : other, high = one < other ? other : one;
	if (low)
		close_range_of(0, low - 1);
	close_range_of(low + 1, high - 1);
	close_range_of(high + 1, ~0U);
}

static void leave_descriptors(struct clone_task *task)
{
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	bool none = *task->log_path || task->log_fd < 0 || task->log_fd == task->fd;
	close_all_but((unsigned)task->fd, (unsigned)(none ? task->fd : task->log_fd));
	if (none)
		task->log_fd = -1;
	if (*task->log_path)
		task->log_fd =
			(int)kernel_call(SYS_openat, AT_FDCWD, (long)task->log_path, flags, LOG_MODE, 0, 0);
}

#if defined __x86_64__
#define MACHINE AUDIT_ARCH_X86_64
#elif defined __i386__
#define MACHINE AUDIT_ARCH_I386
#else
#define MACHINE AUDIT_ARCH_AARCH64
#endif

#define FIELD(name) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, name))
#define ALLOW(call)                                                                                          \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

static const struct sock_filter of_a_drain[] = {
	FIELD(arch),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0),
	REFUSE,
	FIELD(nr),
	ALLOW(SYS_recvfrom),
	ALLOW(SYS_recvmsg),
	ALLOW(SYS_sendto),
	ALLOW(SYS_sendmsg),
	ALLOW(SYS_shutdown),
	ALLOW(SYS_getsockopt),
	ALLOW(SYS_setsockopt),
#ifdef SYS_poll
	ALLOW(SYS_poll),
#else
	ALLOW(SYS_ppoll),
#endif
	ALLOW(SYS_pselect6),
	ALLOW(SYS_clock_gettime),
#ifdef SYS_clock_gettime64
	ALLOW(SYS_clock_gettime64),
#endif
	ALLOW(SYS_write),
	ALLOW(SYS_getppid),
	ALLOW(SYS_exit),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 1, 0),
	REFUSE,
	FIELD(args[1]), /* its low half, on the little-endian machines that have tasks */
	ALLOW(SIOCOUTQ),
	REFUSE,
};

static void leave_rights(void)
{
	const struct sock_fprog program = {sizeof of_a_drain / sizeof of_a_drain[0],
					   (struct sock_filter *)(uintptr_t)of_a_drain};
	kernel_call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
	kernel_call(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, (long)&program, 0, 0, 0);
}

/* --- what it does --- */

static long poll_one(struct pollfd *one, unsigned count, uint64_t ms)
{
#ifdef SYS_poll
	return kernel_call(SYS_poll, (long)one, count, (long)ms, 0, 0, 0);
#else
	const struct __kernel_timespec time = {(long long)(ms / 1000), (long long)(ms % 1000 * 1000000)};
	return kernel_call(SYS_ppoll, (long)one, count, (long)&time, 0, 0, 0);
#endif
}

/* Under RLIMIT_NOFILE 0, the host's, the kernel looks at no descriptor (EINVAL): then the task looks itself, so often. */
enum { BLIND_LOOK_MS = 10 };

static void wait_for(int fd, short events, uint64_t us)
{
	struct pollfd wait = {.fd = fd, .events = events};
	uint64_t ms = us / 1000 + 1;
	if (poll_one(&wait, 1, ms) == -EINVAL)
		poll_one(NULL, 0, ms < BLIND_LOOK_MS ? ms : BLIND_LOOK_MS);
}

/* A pipe that is full is not waited for: the line is lost, as it is in the host. */
static bool has_room(int fd)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};
	const struct timespec at_once = {0};
	fd_set one;
	if (poll_one(&room, 1, 0) != -EINVAL || fd >= FD_SETSIZE)
		return room.revents & POLLOUT;
	FD_ZERO(&one);
	FD_SET(fd, &one);
	return kernel_call(SYS_pselect6, fd + 1, 0, (long)&one, 0, (long)&at_once, 0) ==
	       1; /* counts the table instead */
}

static void tell(struct clone_task *task, enum event_kind kind)
{
	struct text line = text_in(task->line, sizeof task->line);
	bool somewhere = task->mailbox || task->log_fd >= 0;
	if (!somewhere || !hold_render(&task->hold, kind, task->sites, &line))
		return;
	if (task->mailbox)
		mailbox_slots_put(task->mailbox, line.bytes, line.length);
	else if (has_room(task->log_fd))
		kernel_call(SYS_write, task->log_fd, (long)line.bytes, (long)line.length, 0, 0, 0);
}

/* Nothing wakes the task when the host has spoken: it looks so often. */
enum { SPEECH_LOOK_US = 10 * 1000 };

/* Nobody says close_notify later than follows_ms, nor when the host has ended: the FIN goes without it. */
static uint64_t look_at_speech(struct clone_task *task, uint64_t now_us, uint64_t next_us)
{
	struct hold *hold = &task->hold;
	uint64_t until = hold->drain.since_us + hold->follows_ms * UINT64_C(1000),
		 look = now_us + SPEECH_LOOK_US;
	if (!hold->drain.held_back)
		return next_us;
	if (atomic_load(&task->spoken))
		hold_speaks(hold, &task->speech, task->speech_bytes);
	else if (now_us >= until || kernel_call(SYS_getppid, 0, 0, 0, 0, 0, 0) != task->host)
		hold_stops_waiting(hold);
	if (!hold->drain.held_back)
		hold->drain.moved_us = now_us;
	return !hold->drain.held_back ? now_us : look < next_us ? look : next_us;
}

static void wait_for_peer(const struct clone_task *task, uint64_t us)
{
	const struct drain *drain = &task->hold.drain;
	bool to_read = drain_waits_to_read(drain), to_send = drain_waits_to_send(drain);
	wait_for(task->fd, (short)((to_read ? POLLIN : 0) | (to_send ? POLLOUT : 0)), us);
}

static void tell_half_close(struct clone_task *task, bool *told)
{
	if (task->hold.drain.half_closed_by_us && !*told) {
		*told = true;
		tell(task, EVENT_HALF_CLOSE);
	}
}

static void drain(struct clone_task *task)
{
	struct drain *drain = &task->hold.drain;
	uint64_t now = kernel_clock_us(CLOCK_MONOTONIC), next;
	bool told = false;
	drain_begin(drain, now);
	if (!drain->sends_only)
		drain_shares_port(task->fd, &kernel_raw);
	while (!drain_go_on(drain, task->fd, &kernel_raw, now)) {
		tell_half_close(task, &told);
		next = drain_look(drain, task->fd, &kernel_raw, now);
		if (!next)
			break;
		next = look_at_speech(task, now, next);
		wait_for_peer(task, next > now ? next - now : 0);
		now = kernel_clock_us(CLOCK_MONOTONIC);
	}
	tell_half_close(task, &told);
}

int clone_task_run(void *argument)
{
	struct clone_task *task = argument;
	leave_signals();
	kernel_call(SYS_prctl, PR_SET_NAME, (long)"tlsbye-linger", 0, 0, 0, 0);
	leave_descriptors(task);
	leave_rights();
	drain(task);
	hold_finish(&task->hold);
	tell(task, EVENT_DRAIN);
	tell(task, EVENT_END);
	kernel_call(SYS_exit, 0, 0, 0, 0, 0, 0);
	return 0;
}
