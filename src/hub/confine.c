/* SPDX-License-Identifier: MIT */
/* See confine.h. */
#include "hub/confine.h"

#include "hub/hub_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436 /* Linux 5.9; the same number on every machine */
#endif

static const char own_name[] = "tlsbye-hub";

enum { OWN_DESCRIPTORS = 6, WITHOUT_CLOSE_RANGE = 65536 };

/* --- signals --- */

static void on_alarm(int signal)
{
	(void)signal; /* hub_log.c: it ends a write that waits */
}

/*
 * All are blocked but SIGALRM; SIGTERM is read from a descriptor. By the system call: glibc's leaves out the two that it
 * uses among threads, and they would end us.
 */
static void block_signals(void)
{
	unsigned char all_but_alarm[_NSIG / 8];
	struct sigaction alarm_action = {.sa_handler = on_alarm}; /* no SA_RESTART */
	memset(all_but_alarm, 0xff, sizeof all_but_alarm);
	unsigned long first_word;
	memcpy(&first_word, all_but_alarm, sizeof first_word);
	first_word &= ~(1UL << (SIGALRM - 1));
	memcpy(all_but_alarm, &first_word, sizeof first_word);
	sigaction(SIGALRM, &alarm_action, NULL);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, all_but_alarm, NULL, sizeof all_but_alarm);
}

/* --- the name --- */

struct area {
	char *begin, *end;
};

/* Where the kernel shows the arguments and the environment of, by /proc/self/stat: fields 48 to 51 (proc_pid_stat(5)). */
static bool find_areas(struct area *arguments, struct area *environment)
{
	char text[2048], *at;
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	char **ends[] = {&arguments->begin, &arguments->end, &environment->begin, &environment->end};
	if (fd >= 0)
		close(fd);
	if (size <= 0)
		return false;
	text[size] = '\0';
	at = strrchr(text, ')'); /* the end of field 2, which may hold anything */
	for (int field = 2; at && field < 48; field++)
		at = strchr(at + 1, ' ');
	for (int i = 0; i < 4; i++) {
		if (!at)
			return false;
		*ends[i] = (char *)strtoul(at, &at, 10);
	}
	return arguments->begin && arguments->end > arguments->begin && environment->begin;
}

/* `pgrep -f PROGRAM` and start-stop-daemon must find the program, not us: no word of its command line stays. */
static void change_name(void)
{
	struct area arguments, environment;
	prctl(PR_SET_NAME, own_name, 0, 0, 0);
	if (!find_areas(&arguments, &environment))
		return;
	size_t room = (size_t)(arguments.end - arguments.begin);
	if (environment.end > environment.begin)
		memset(environment.begin, 0, (size_t)(environment.end - environment.begin));
	memset(arguments.begin, 0, room);
	/* Its last byte stays 0: else the kernel reads on, into the environment. */
	memcpy(arguments.begin, own_name, room > sizeof own_name ? sizeof own_name : room - 1);
}

/* --- descriptors --- */

static bool close_between(unsigned first, unsigned last)
{
	if (first > last || syscall(SYS_close_range, first, last, 0) == 0)
		return true;
	if (errno != ENOSYS && errno != EPERM)
		return false;
	struct rlimit limit; /* before Linux 5.9 */
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > WITHOUT_CLOSE_RANGE)
		limit.rlim_cur = WITHOUT_CLOSE_RANGE;
	for (unsigned fd = first; fd <= last && fd < limit.rlim_cur; fd++)
		close((int)fd);
	return true;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static bool keep_only(int *fds, size_t count)
{
	unsigned next = 0;
	qsort(fds, count, sizeof *fds, by_number);
	for (size_t i = 0; i < count; i++) {
		if (fds[i] < 0)
			continue;
		if ((unsigned)fds[i] > next && !close_between(next, (unsigned)fds[i] - 1))
			return false;
		next = (unsigned)fds[i] + 1;
	}
	return close_between(next, ~0U);
}

/* 0 to 2 as well; where the caller had closed one, ours may stand there: what hub_start opened is above 2. */
static bool close_others(const struct hub_begin *begin)
{
	int own[OWN_DESCRIPTORS] = {begin->sockets[0], begin->sockets[1], begin->log,
				    begin->control,    begin->ready,      begin->main_pidfd};
	if (!keep_only(own, OWN_DESCRIPTORS))
		return false;
	int null = open("/dev/null",
			O_RDWR); /* without one, the numbers stay free: nothing of ours is written to them */
	if (null >= 0 && null <= 2)
		for (int fd = 0; fd <= 2; fd++)
			if (fd != null)
				dup2(null, fd);
	return true;
}

/* --- all of it --- */

bool confine_begin(const struct hub_begin *begin)
{
	block_signals();
	setsid();
	change_name();
	umask(umask(077) |
	      022); /* of a log file that is made anew: as the user's is, for nobody else to write */
	if (chdir("/") != 0)
		return false;
	return close_others(begin);
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	syscall(SYS_capset, &header, none);
}

bool confine_finish(void)
{
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	drop_capabilities();
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		hub_filter_install(); /* where the kernel has no filters, without one */
	return true;
}
