/* SPDX-License-Identifier: MIT */
/*
 * See hub_log.h. O_NONBLOCK belongs to the open file, which other processes share: it is not ours to set on a stderr. So
 * its room is asked for first; and since another writer may take that room in between, a timer's signal ends a write that
 * waits all the same.
 */
#include "hub/hub_log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum { WRITE_MAX_US = 20 * 1000 };

static int file = -1;
static const char *file_path = "";
static uint64_t lost;

int hub_log_open(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
}

void hub_log_begin(int fd, const char *path)
{
	file = fd;
	file_path = path;
}

bool hub_log_has_file(void)
{
	return *file_path;
}

static bool is_still_there(void)
{
	struct stat open_one, named;
	return file >= 0 && fstat(file, &open_one) == 0 && stat(file_path, &named) == 0 &&
	       open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

/* Rotated away: on with the new one. Where the path leads nowhere (any more), the old one is better than none. */
static void follow_rotation(void)
{
	if (is_still_there())
		return;
	int fd = hub_log_open(file_path);
	if (fd < 0)
		return;
	if (file >= 0)
		close(file);
	file = fd;
}

void hub_log_line(const char *bytes, size_t length)
{
	if (!*file_path)
		return;
	follow_rotation();
	if (file < 0 || write(file, bytes, length) != (ssize_t)length)
		lost++;
}

void hub_log_line_to(int fd, const char *bytes, size_t length)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};
	struct itimerval soon = {.it_value.tv_usec = WRITE_MAX_US, .it_interval.tv_usec = WRITE_MAX_US};
	static const struct itimerval never;
	if (poll(&room, 1, 0) != 1 || !(room.revents & POLLOUT)) {
		lost++;
		return;
	}
	setitimer(ITIMER_REAL, &soon,
		  NULL); /* again and again: the first may come before the write has begun */
	if (write(fd, bytes, length) != (ssize_t)length)
		lost++;
	setitimer(ITIMER_REAL, &never, NULL);
}

uint64_t hub_log_lost(void)
{
	return lost;
}
