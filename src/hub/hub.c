/* SPDX-License-Identifier: MIT */
/* See hub.h. */
#include "hub/hub.h"

#include "sys/clock.h"
#include "hub/confine.h"
#include "hub/control.h"
#include "hub/holds.h"
#include "hub/hub_log.h"
#include "hub/inbox.h"
#include "hub/mailboxes.h"
#include "hub/socket_path.h"

#include <limits.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* The child of a fork whose parent has ended may not have said HELLO yet. */
enum { GRACE_US = 500 * 1000 };

static struct source term;
static int term_fd;
static unsigned terms_asked;
static uint64_t hurry_us, end_us = UINT64_MAX;

static void on_term(struct source *source, uint32_t events)
{
	struct signalfd_siginfo info;
	(void)source;
	(void)events;
	if (read(term_fd, &info, sizeof info) != sizeof info)
		return;
	if (terms_asked++ == 0) {
		end_us = clock_us() + hurry_us;
		holds_hurry(hurry_us);
	}
}

/* What it has still said is heard first. */
static void on_process_end(struct process *process)
{
	inbox_take_all();
	mailboxes_take_all_of(process->pid);
	holds_nothing_follows(process);
	if (processes_is_cut_short(process))
		teller_cut_short(&process->teller);
}

static bool watch_term(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	int fd = term_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	term.ready = on_term;
	return fd >= 0 && watch_add(fd, EPOLLIN, &term);
}

/* As many as we may have: each hold is one. */
static unsigned raise_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 1024;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur > UINT_MAX ? UINT_MAX : (unsigned)limit.rlim_cur;
}

static bool prepare(const struct hub_begin *begin)
{
	hurry_us = begin->hurry_us;
	hub_log_begin(begin->log, begin->log_path);
	unsigned descriptors = raise_descriptors();
	holds_begin(descriptors);
	mailboxes_begin(descriptors);
	if (!watch_begin() || !watch_term() ||
	    !processes_begin(begin->main_pid, begin->main_pidfd, on_process_end))
		return false;
	control_begin(begin->control);
	return inbox_begin(begin->sockets, begin->token);
}

static bool nothing_left(uint64_t now)
{
	if (holds_count() || inbox_waiting() || processes_alive() || mailboxes_count())
		return false;
	return now >= processes_all_ended_us() + GRACE_US;
}

static uint64_t first(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static int milliseconds_to_wait(uint64_t now)
{
	struct timer *timer = timers_first();
	uint64_t next = first(first(inbox_look(now), end_us), timer ? timer->at_us : UINT64_MAX);
	next = first(next, mailboxes_look(now));
	if (!processes_alive() && !holds_count() && !mailboxes_count())
		next = first(next, processes_all_ended_us() + GRACE_US);
	if (next == UINT64_MAX)
		return -1;
	return next <= now ? 0 : (int)first((next - now) / 1000 + 1, INT_MAX);
}

static void serve(void)
{
	for (;;) {
		uint64_t now = clock_us();
		holds_look(now);
		control_go_on();
		if (nothing_left(now) || terms_asked > 1 || now >= end_us || control_leave_asked())
			return;
		watch_round(milliseconds_to_wait(now));
	}
}

void hub_run(const struct hub_begin *begin)
{
	pid_t self = getpid(); /* a call that the filter refuses later */
	bool good = confine_begin(begin) && prepare(begin) && confine_finish();
	good = good && write(begin->ready, &self, sizeof self) == (ssize_t)sizeof self;
	close(begin->ready);
	if (good) {
		serve();
		inbox_end();
		mailboxes_take_all();
		holds_end_all();
	}
	socket_path_remove(begin->folder);
	_exit(!good);
}
