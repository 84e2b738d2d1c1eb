/* SPDX-License-Identifier: MIT */
/*
 * How a walk lets go; see chaos.h. Where a way promises less than all, a word says why; these are all exceptions of the model, in
 * the terms of libtlsbye.so(8):
 *
 * close_notify is forbidden after failed-write, short-write, half-done-write, failure (an exit with a status), quiet shutdown, abort (a zero
 * SO_LINGER: a reset is to come).
 * handler: closed in one, it is said at the next call on the SSL, by the hub; without either not, and no half-done record is completed.
 * nobody-wrote-since-fork: the parent that waits has it, too, and is the owner again once this one has let go. Not if this one sent a FIN, or ends
 * by a failure; that this one asked for quiet is not the parent's word.
 * another-process-read: one reads, the other has written and let go: a half-close or a drain would rob the reader.
 * copied: that a copy came back to the process is believed only where it has no children.
 * closed-unseen: by a system call of the program's own. left-to-exec: the SSL was freed, the descriptor is the next program's.
 * rdwr: what arrives after SHUT_RDWR makes the kernel reset, where the read side cannot be played: copies, forks, threads, streams, epoll
 * (also of the number's last user, where that was closed unseen).
 */
#include "chaos.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static volatile int to_close;

static void free_ssl(struct line *line)
{
	SSL_free(line->ssl);
	line->freed = true;
	line->freed_first = !line->closed;
	chaos_did("%d free", line->id);
}

static void close_in_handler(int signal)
{
	(void)signal;
	close(to_close);
}

static void exit_in_handler(int signal)
{
	(void)signal;
	_exit(0);
}

/* No hook can see it. Where we have no such call, nothing is closed but what a hook sees. */
static void close_unseen(int fd)
{
#ifdef __x86_64__
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"((long)SYS_close), "D"((long)fd)
			 : "rcx", "r11", "memory");
#else
	close(fd);
#endif
}

static void close_by_signal(int fd)
{
	struct sigaction action = {.sa_handler = close_in_handler,
				   .sa_flags = chaos_one_in(2) ? SA_ONSTACK : 0};
	stack_t stack = {.ss_sp = malloc(65536), .ss_size = 65536};

	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	to_close = fd;
	raise(SIGUSR1);
}

static void close_by(struct line *line)
{
	size_t how = chaos_below(8);
	int fd = line->fd, result = 0, null;
	bool in_handler = false;
	FILE *stream;

	if (how == 0) {
		result = close(fd);
	} else if (how == 1) {
		line->by_stream = true;
		stream = fdopen(fd, "r+");
		result = stream ? fclose(stream) : close(fd);
	} else if (how == 2) {
		result = close_range((unsigned)fd, (unsigned)fd, 0);
	} else if (how == 3) {
		null = open("/dev/null", O_RDWR);
		result = dup2(null, fd) == fd ? close(null) : -1;
	} else if (how == 4) {
		result = (int)syscall(SYS_close, fd);
	} else if (how == 5) {
		close_by_signal(fd);
		in_handler = true;
	} else if (how == 6) {
		shutdown(fd, SHUT_WR);
		line->shut = true;
		result = close(fd);
	} else {
		close_unseen(fd);
		line->promise->either = line->promise->lossy = "closed-unseen";
		chaos_watched[fd % MOST_NUMBERS] = line->watched;
	}
	line->closed = true;
	line->closed_in_handler = in_handler;
	chaos_did("%d close (%zu): %d", line->id, how, result);
	chaos_reuse();
}

static void close_copies(struct line *line)
{
	while (line->copies_open > 0)
		chaos_did("%d close copy: %d", line->id, close(line->copies[--line->copies_open]));
}

static void free_then_close(struct line *line)
{
	free_ssl(line);
	chaos_reuse();
	close_by(line);
}

static void close_then_free(struct line *line)
{
	close_by(line);
	free_ssl(line);
}

static void free_only(struct line *line)
{
	free_ssl(line);
}

static void close_only(struct line *line)
{
	close_by(line);
}

static void leave(struct line *line)
{
	chaos_did("%d left", line->id);
}

static void *free_then_close_there(void *arg)
{
	free_then_close(arg);
	return NULL;
}

static void let_go_in_thread(struct line *line)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, free_then_close_there, line) == 0)
		pthread_join(thread, NULL);
}

static void right(struct line *line)
{
	if (!line->over)
		SSL_shutdown(line->ssl);
	free_then_close(line);
}

static void quiet(struct line *line)
{
	SSL_set_quiet_shutdown(line->ssl, 1);
	/* Of this process's copy alone: a parent that waits, and is the owner, is not quiet. */
	if (!line->over && !line->promise->either)
		line->promise->silent = "quiet";
	free_then_close(line);
}

static void abort_it(struct line *line)
{
	struct linger zero = {1, 0};

	setsockopt(line->fd, SOL_SOCKET, SO_LINGER, &zero, sizeof(zero));
	line->promise->lossy = "abort";
	/* A child that has spoken has ended the connection, FIN and all, before this. */
	line->promise->abort = !line->over || line->promise->most > 0;
	if (line->promise->abort)
		line->promise->silent = "abort";
	free_then_close(line);
	/* Its own FIN was ahead, and the peer may have ended before the close. */
	if (line->shut)
		line->promise->abort = false;
}

/* Also after a child's close_notify, when the connection may be over. */
static void shut_both(struct line *line)
{
	int result = shutdown(line->fd, SHUT_RDWR);

	line->shut = true;
	chaos_did("%d shutdown both: %d", line->id, result);
	if (line->copies_open > 0 || line->inherited || line->over || line->watched || threads)
		line->promise->lossy = "rdwr";
	close_then_free(line);
	if (line->by_stream)
		line->promise->lossy = "rdwr";
}

void chaos_let_go(struct line *line)
{
	bool first = chaos_one_in(2);

	if (first)
		SSL_free(line->ssl);
	chaos_did("%d let go: %d", line->id, close(line->fd));
	if (!first)
		SSL_free(line->ssl);
	line->closed = line->freed = true;
}

static void (*const ends[])(struct line *line) = {
	free_then_close, close_then_free,  free_then_close, close_then_free, free_only, close_only,
	leave,           let_go_in_thread, right,           quiet,           abort_it,  shut_both,
};

/* The descriptors' order: copies first, last, or by the exit. */
void chaos_end(struct line *line)
{
	size_t when = chaos_below(3);

	if (when == 0)
		close_copies(line);
	ends[chaos_below(sizeof(ends) / sizeof(ends[0]))](line);
	if (when == 1)
		close_copies(line);
	if (!line->closed_in_handler)
		return;
	if (line->freed_first)
		return;
	line->promise->hub = "handler";
	if (!line->freed)
		line->promise->either = "handler";
	if (line->promise->most > 0)
		line->promise->torn = line->freed ? "hub" : "handler";
}

enum { RETURN, EXIT, EXIT_NOW, QUICK_EXIT, EXIT_3, EXIT_NOW_3, EXEC, CLOSE_ALL, EXIT_IN_HANDLER, WAYS_OUT };

static bool still_there(const struct line *line)
{
	return !line->closed || line->copies_open > 0;
}

int chaos_choose_leave(void)
{
	int how = (int)chaos_below(WAYS_OUT);

	for (int i = 0; i < lines_open; i++) {
		struct line *line = &lines[i];

		if ((how == EXIT_3 || how == EXIT_NOW_3) && !line->freed && !line->shut &&
		    still_there(line) && !line->over)
			line->promise->silent = "failure";
		if (how == EXIT_IN_HANDLER && !line->freed && still_there(line)) {
			line->promise->either = "handler";
			line->promise->torn = "handler";
		}
		/* The parent that waits is left with it, and nobody has used its keys: it is the one to end it, if it may. */
		if (line->inherited && line->promise->either == nobody_wrote && !line->shut &&
		    how != EXIT_3 && how != EXIT_NOW_3)
			line->promise->either = NULL;
		if (how == EXEC && line->freed && still_there(line))
			line->promise->lossy = "left-to-exec";
	}
	chaos_did("leave (%d)", how);
	return how;
}

int chaos_leave(int how)
{
	if (how == EXIT)
		exit(0);
	if (how == EXIT_NOW)
		_exit(0);
	if (how == QUICK_EXIT)
		quick_exit(0);
	if (how == EXIT_3)
		exit(3);
	if (how == EXIT_NOW_3)
		_exit(3);
	if (how == CLOSE_ALL)
		close_range(3, ~0U, 0);
	if (how == EXIT_IN_HANDLER) {
		signal(SIGUSR1, exit_in_handler);
		raise(SIGUSR1);
	}
	if (how == EXEC)
		execl("/bin/true", "true", (char *)NULL);
	return 0;
}
