/* SPDX-License-Identifier: MIT */
/*
 * See log.h. The linger thread has no descriptor 2: it fetches the program's for each line by pidfd_getfd(2) on its own
 * process, which needs no privilege. Where that is refused (valgrind, some seccomp profiles) its lines wait in a small
 * ring until a thread of the program passes by.
 */
#include "sys/log.h"

#include "sys/lines.h"
#include "connection/process.h"
#include "sys/real.h"
#include "sys/settings.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

static dev_t stderr_device;
static ino_t stderr_inode;
static bool stderr_known;

static _Thread_local int process_fd =
	-1; /* a pidfd of this process; only in a thread with a table of its own */
static _Thread_local bool own_table;

enum { WAITING_LINES = 32 };
static struct {
	size_t length;
	char bytes[LINE_MAX_BYTES];
} waiting[WAITING_LINES];
static _Atomic unsigned waiting_end, waiting_begin;

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
	int fd = open_log(path);
	if (fd < 0)
		return errno;
	real.close(fd);
	return 0;
}

void log_thread_has_own_table(void)
{
	own_table = true;
	process_fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
}

static bool is_stderr(int fd)
{
	struct stat status;
	return stderr_known && fstat(fd, &status) == 0 && status.st_dev == stderr_device &&
	       status.st_ino == stderr_inode;
}

/*
 * write() to a pipe without a reader raises SIGPIPE in this thread, and one to a file at its limit (RLIMIT_FSIZE) SIGXFSZ,
 * which would end the program as well. It is taken back unseen, unless one was pending before, which is the program's (P5).
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
	pthread_sigmask(SIG_BLOCK, &raised, &before);
	sigpending(&pending);
	if (real.write(fd, line->bytes, line->length) < 0 && (errno == EPIPE || errno == EFBIG))
		take_back(errno == EPIPE ? SIGPIPE : SIGXFSZ, &pending);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Kept for a thread of the program; the oldest is kept, the newest lost. One writer: the linger thread. */
static void wait_for_the_program(const struct text *line)
{
	unsigned end = atomic_load(&waiting_end);
	if (end - atomic_load(&waiting_begin) < WAITING_LINES) {
		waiting[end % WAITING_LINES].length = line->length;
		memcpy(waiting[end % WAITING_LINES].bytes, line->bytes, line->length);
		atomic_store(&waiting_end, end + 1);
	}
}

static void write_to_stderr(const struct text *line)
{
	if (!own_table) {
		if (is_stderr(2))
			write_quietly(2, line);
		return;
	}
	int fd = process_fd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process_fd, 2, 0);
	if (fd < 0 && process_fd >= 0 && errno == EBADF)
		return; /* the program closed it */
	if (fd < 0) {
		wait_for_the_program(line);
		return;
	}
	if (is_stderr(fd))
		write_quietly(fd, line);
	real.close(fd);
}

void log_write(const struct text *line)
{
	int saved = errno;
	int file = *settings->log_file ? open_log(settings->log_file) : -1;
	if (file >= 0) {
		write_quietly(file, line);
		real.close(file);
	} else {
		write_to_stderr(line);
	}
	errno = saved;
}

void log_flush(void)
{
	if (own_table) /* exit() in our thread, where it was the last: the line would wait again */
		return;
	int saved = errno;
	unsigned begin = atomic_load(&waiting_begin);
	struct text line;
	if (begin == atomic_load(&waiting_end))
		return;
	if (!lines_take(&line)) { /* the next flush will do */
		errno = saved;
		return;
	}
	while (begin != atomic_load(&waiting_end)) {
		/* Copied first: once it is counted as taken, its place may be written to again. */
		line.length = waiting[begin % WAITING_LINES].length;
		memcpy(line.bytes, waiting[begin % WAITING_LINES].bytes, LINE_MAX_BYTES);
		if (!atomic_compare_exchange_strong(&waiting_begin, &begin, begin + 1))
			continue;
		write_to_stderr(&line);
		begin++;
	}
	lines_give_back(&line);
	errno = saved;
}
