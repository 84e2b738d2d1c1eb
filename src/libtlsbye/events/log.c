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

static void write_quietly(int fd, const struct text *line)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};
	if (real.poll(&room, 1, 0) != 1 || !(room.revents & POLLOUT))
		return;
	sigset_t raised, pending, before;
	sigemptyset(&raised);
	sigaddset(&raised, SIGPIPE);
	sigaddset(&raised, SIGXFSZ);
	if (pthread_sigmask(SIG_BLOCK, &raised, &before) != 0)
		return;
	if (sigpending(&pending) == 0 && real.write(fd, line->bytes, line->length) < 0 &&
	    (errno == EPIPE || errno == EFBIG))
		take_back(errno == EPIPE ? SIGPIPE : SIGXFSZ, &pending);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
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

/* A chroot, another user, no descriptor free: then rather on stderr than nowhere. */
static bool append(const struct text *line)
{
	struct blocked_signals before;
	blocked_signals_begin(&before, true);
	lent_begin();
	int file = open_log(settings->log_file);
	lent_mark(file);
	if (file >= 0)
		write_quietly(file, line);
	lent_close(file);
	lent_end();
	blocked_signals_end(&before);
	return file >= 0;
}

void log_write(const struct text *line)
{
	int saved = errno;
	bool to_file = *settings->log_file && (give_to_hub(line) || append(line));
	if (!to_file && is_stderr_still())
		write_quietly(2, line);
	errno = saved;
}
