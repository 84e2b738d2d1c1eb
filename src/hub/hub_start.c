/* SPDX-License-Identifier: MIT */
/* See hub_start.h. */
#include "hub/hub_start.h"

#include "hub/hub.h"
#include "hub/hub_log.h"
#include "hub/socket_path.h"
#include "setting.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READY_WITHIN_MS = 5000, ABOVE_STDERR = 3 };

struct start {
	struct hub_begin begin;
	char name[HUB_NAME_MAX];
	int ready, control; /* our ends */
};

static void hex(char *text, const unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
}

/* The program's 0 to 2 may be closed: what we open must not stand there when the hub puts /dev/null in their place. */
static int above_stderr(int fd)
{
	if (fd < 0 || fd >= ABOVE_STDERR)
		return fd;
	int higher = fcntl(fd, F_DUPFD_CLOEXEC, ABOVE_STDERR);
	close(fd);
	return higher;
}

static bool pair_above_stderr(int fds[2])
{
	fds[0] = above_stderr(fds[0]);
	fds[1] = above_stderr(fds[1]);
	return fds[0] >= 0 && fds[1] >= 0;
}

/* --- the sockets --- */

static int bound(const struct sockaddr_un *address, size_t size)
{
	int fd = above_stderr(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (fd >= 0 && bind(fd, (const struct sockaddr *)address, (socklen_t)size) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int bind_abstract(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(name);
	memcpy(address.sun_path + 1, name, length);
	return bound(&address, offsetof(struct sockaddr_un, sun_path) + 1 + length);
}

/* Anybody of the tree may connect, whatever user it has become; its name cannot be listed or guessed. */
static int bind_path(char folder[HUB_FOLDER_MAX])
{
	struct sockaddr_un address;
	if (!socket_path_make(folder, &address))
		return -1;
	int fd = bound(&address, sizeof address);
	if (fd >= 0 && chmod(address.sun_path, 0666) == 0 && chmod(folder, 0711) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	socket_path_remove(folder);
	*folder = '\0';
	return -1;
}

static bool make_sockets(struct start *start)
{
	unsigned char random[TOKEN_BYTES];
	if (getrandom(random, sizeof random, 0) != sizeof random ||
	    getrandom(start->begin.token, TOKEN_BYTES, 0) != TOKEN_BYTES)
		return false;
	strcpy(start->name, "tlsbye-");
	hex(start->name + strlen(start->name), random, sizeof random);
	start->begin.sockets[0] = bind_abstract(start->name);
	start->begin.sockets[1] = bind_path(start->begin.folder);
	return start->begin.sockets[0] >= 0;
}

/* --- the rest that it needs --- */

static bool make_channels(struct start *start, bool control)
{
	int ready[2], channel[2];
	if (pipe2(ready, O_CLOEXEC) != 0)
		return false;
	bool good = pair_above_stderr(ready);
	start->ready = ready[0];
	start->begin.ready = ready[1];
	if (!good || !control)
		return good;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) != 0)
		return false;
	good = pair_above_stderr(channel);
	start->control = channel[0];
	start->begin.control = channel[1];
	return good;
}

/* AT_EXIT, as the program's environment has it; a value that is none is complained of there. */
static uint64_t hurry_us(void)
{
	const struct setting *setting = &setting_table[SETTING_AT_EXIT];
	const char *text = getenv(SETTING_PREFIX "AT_EXIT");
	uint64_t ms;
	if (!text || setting_refusal(setting, text, &ms))
		setting_refusal(setting, setting->fallback, &ms);
	return ms * 1000;
}

static bool prepare(struct start *start, const char *log_path, bool control)
{
	struct hub_begin *begin = &start->begin;
	*start = (struct start){.begin = {.sockets = {-1, -1},
					  .log = -1,
					  .control = -1,
					  .ready = -1,
					  .main_pidfd = -1,
					  .main_pid = getpid(),
					  .hurry_us = hurry_us(),
					  .log_path = ""},
				.ready = -1,
				.control = -1};
	begin->main_pidfd = above_stderr((int)syscall(SYS_pidfd_open, begin->main_pid, 0));
	if (begin->main_pidfd < 0 || !make_channels(start, control) || !make_sockets(start))
		return false;
	if (log_path) {
		/* A copy: it may stand in the environment, which the hub wipes (confine.c). */
		begin->log_path = strdup(log_path);
		if (!begin->log_path)
			return false;
		begin->log =
			above_stderr(hub_log_open(log_path)); /* else by its path, when there is a line */
	}
	return true;
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* Those that are the hub's. */
static void close_hubs(const struct hub_begin *begin)
{
	close_if_open(begin->sockets[0]);
	close_if_open(begin->sockets[1]);
	close_if_open(begin->log);
	close_if_open(begin->control);
	close_if_open(begin->ready);
	close_if_open(begin->main_pidfd);
}

/* --- the clone --- */

/* It says its pid when it listens: before that, SO_PEERCRED would not tell it. Else -1. */
static pid_t pid_of_ready(int ready)
{
	struct pollfd word = {.fd = ready, .events = POLLIN};
	pid_t pid = -1;
	int got;
	do
		got = poll(&word, 1, READY_WITHIN_MS);
	while (got < 0 && errno == EINTR);
	return got == 1 && read(ready, &pid, sizeof pid) == (ssize_t)sizeof pid ? pid : -1;
}

/* Whoever is orphaned below us comes to us. */
static bool adopts(void)
{
	int subreaper = 0;
	return getpid() == 1 || (prctl(PR_GET_CHILD_SUBREAPER, &subreaper, 0, 0, 0) == 0 && subreaper);
}

static pid_t clone_silently(void)
{
	return (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0);
}

static bool clone_hub(const struct start *start)
{
	bool stays = adopts();
	pid_t pid = clone_silently();
	if (pid == 0) {
		if (stays || clone_silently() == 0)
			hub_run(&start->begin);
		_exit(0);
	}
	if (pid > 0 && !stays)
		waitpid(pid, NULL, __WCLONE);
	return pid > 0;
}

static bool tell_environment(const struct start *start, pid_t pid)
{
	char value[HUB_NAME_MAX + 2 * TOKEN_BYTES + HUB_FOLDER_MAX + 64], token[2 * TOKEN_BYTES + 1];
	hex(token, start->begin.token, TOKEN_BYTES);
	snprintf(value, sizeof value, "%d:%d:%u:%d:%s:%s:%s", MESSAGE_VERSION, (int)pid, (unsigned)geteuid(),
		 start->begin.log >= 0, start->name, token, start->begin.folder);
	return setenv(HUB_VARIABLE, value, 1) == 0;
}

pid_t hub_start(const char *log_path, int *control)
{
	struct start start;
	pid_t pid = -1;
	unsetenv(HUB_VARIABLE);
	bool good = prepare(&start, log_path, control != NULL);
	good = good && clone_hub(&start);
	close_hubs(&start.begin);
	if (good)
		pid = pid_of_ready(start.ready);
	good = pid > 0 && tell_environment(&start, pid);
	int err = errno;
	close_if_open(start.ready);
	if (good) {
		if (control)
			*control = start.control;
		return pid;
	}
	close_if_open(start.control);
	if (pid > 0)
		kill(pid, SIGKILL); /* one that is not ready yet ends by itself: nobody reads what it says */
	socket_path_remove(start.begin.folder);
	errno = err;
	return -1;
}
