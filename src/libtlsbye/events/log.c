/* SPDX-License-Identifier: MIT */
/*
 * See log.h. Where the hub has the log file open, a line goes there as a message: it reaches the file from a chroot, and
 * after a change of user. Where it cannot be reached, it goes into the mailbox (mailbox.h) of a process that has one; else
 * the file is opened for each line.
 */
#include "events/log.h"

#include "connection/hub.h"
#include "connection/lent.h"
#include "connection/mailbox.h"
#include "sys/blocked_signals.h"
#include "sys/real.h"
#include "sys/settings.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

static dev_t stderr_device;
static ino_t stderr_inode;
static bool stderr_known;

void log_init(void)
{
	struct stat status;
	stderr_known = fstat(2, &status) == 0;
	stderr_device = status.st_dev;
	stderr_inode = status.st_ino;
}

static int open_log(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
}

int log_try(const char *path)
{
	if (hub_has_log())
		return 0;
	int fd = open_log(path);
	if (fd < 0)
		return errno;
	real.close(fd);
	return 0;
}

static bool is_stderr_still(void)
{
	struct stat status;
	return stderr_known && fstat(2, &status) == 0 && status.st_dev == stderr_device &&
	       status.st_ino == stderr_inode;
}

bool log_goes_to_stderr(void)
{
	return !*settings->log_file && is_stderr_still();
}

bool log_has_stderr(void)
{
	return is_stderr_still();
}

/*
 * write() to a pipe without a reader raises SIGPIPE in this thread, and one to a file at its limit (RLIMIT_FSIZE) SIGXFSZ,
 * which would end the program as well. It is taken back unseen, unless one was pending before, which is the program's (P5).
 * Where a filter refuses the mask, or to tell what is pending, rather no line than a signal.
 */
static void take_back(int signal, const sigset_t *pending)
{
	sigset_t it;
	struct timespec at_once = {0};
	sigemptyset(&it);
	sigaddset(&it, signal);
	if (!sigismember(pending, signal))
		sigtimedwait(&it, NULL, &at_once);
}

/* poll() is refused even one descriptor under RLIMIT_NOFILE 0 (EINVAL); select() counts the table instead. */
static bool has_room(int fd)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};
	struct timeval at_once = {0};
	fd_set one;
	int ready = real.poll(&room, 1, 0);
	if (ready >= 0 || errno != EINVAL || fd >= FD_SETSIZE)
		return ready == 1 && room.revents & POLLOUT;
	FD_ZERO(&one);
	FD_SET(fd, &one);
	return real.select(fd + 1, NULL, &one, NULL, &at_once) == 1;
}

/* A line that a full pipe does not take is dropped: nobody waits. False: a file takes none, whatever becomes of it. */
static bool write_quietly(int fd, const struct text *line)
{
	sigset_t raised, pending, before;
	bool taken = true;
	if (!has_room(fd))
		return true;
	sigemptyset(&raised);
	sigaddset(&raised, SIGPIPE);
	sigaddset(&raised, SIGXFSZ);
	if (pthread_sigmask(SIG_BLOCK, &raised, &before) != 0)
		return true;
	if (sigpending(&pending) == 0 && real.write(fd, line->bytes, line->length) < 0) {
		taken = errno != EFBIG && errno != ENOSPC && errno != EDQUOT;
		if (errno == EPIPE || errno == EFBIG)
			take_back(errno == EPIPE ? SIGPIPE : SIGXFSZ, &pending);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return taken;
}

static bool give_to_hub(const struct text *line)
{
	struct iovec part = {line->bytes, line->length};
	struct blocked_signals before;
	if (!hub_has_log() || !(settings->ways & WAY_HUB))
		return false;
	blocked_signals_begin(&before, true);
	bool given = hub_say(MESSAGE_LINE, &part, 1, NULL, 0) == 0 || mailbox_put(line->bytes, line->length);
	blocked_signals_end(&before);
	return given;
}

/* What is done with the file, which is open for so long. */
typedef bool log_use(int file, const struct text *line);

static bool with_file(log_use *done_with, const struct text *line)
{
	struct blocked_signals before;
	blocked_signals_begin(&before, true);
	lent_begin();
	int file = open_log(settings->log_file);
	lent_mark(file);
	bool done = file >= 0 && done_with(file, line);
	lent_close(file);
	lent_end();
	blocked_signals_end(&before);
	return done;
}

static bool is_below_limit(int file, const struct text *line)
{
	struct stat status;
	struct rlimit most;
	(void)line;
	return fstat(file, &status) != 0 || !S_ISREG(status.st_mode) || getrlimit(RLIMIT_FSIZE, &most) != 0 ||
	       (rlim_t)status.st_size < most.rlim_cur;
}

const char *log_file_of_task(void)
{
	return *settings->log_file && with_file(is_below_limit, NULL) ? settings->log_file : NULL;
}

/* A chroot, another user, no descriptor free, a limit of its size: then rather on stderr than nowhere. */
void log_write(const struct text *line)
{
	int saved = errno;
	bool to_file = *settings->log_file && (give_to_hub(line) || with_file(write_quietly, line));
	if (!to_file && is_stderr_still())
		write_quietly(2, line);
	errno = saved;
}
