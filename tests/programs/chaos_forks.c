/* SPDX-License-Identifier: MIT */
/*
 * What a walk does with children; see chaos.h.
 *
 * Rules: a child is waited for, so that what it did is over.
 */
#include "chaos.h"

#include <sys/wait.h>

void chaos_await(struct line *line, const char *what, size_t how, pid_t child)
{
	int status = -1;

	forked = true;
	waitpid(child, &status, 0);
	chaos_did("%d %s (%zu): %x", line->id, what, how, status);
}

static void be_idle_child(size_t how)
{
	for (int i = 0; i < lines_open && how >= 3; i++) {
		if (lines[i].done)
			continue;
		if (how == 4)
			close(lines[i].fd);
		SSL_free(lines[i].ssl);
		if (how == 3)
			close(lines[i].fd);
	}
	if (how == 0)
		exit(0);
	if (how == 1)
		exit(3);
	if (how == 2)
		execl("/bin/true", "true", (char *)NULL);
	_exit(0);
}

void chaos_fork_idle(struct line *line)
{
	size_t how = chaos_below(6);
	pid_t child = fork();

	if (child == 0)
		be_idle_child(how);
	chaos_await(line, "fork idle", how, child);
}

static void be_serving_child(struct line *line, size_t how, size_t n)
{
	chaos_write(line, n);
	if (how == 1)
		close(line->fd);
	if (how <= 1)
		SSL_free(line->ssl);
	if (how == 0)
		close(line->fd);
	if (how == 2)
		exit(0);
	_exit(0);
}

void chaos_fork_serve(struct line *line)
{
	size_t how = chaos_below(4), n = 1 + chaos_below(100000);
	/* Who has read since the daemon's fork would be robbed by a half-close, so that nobody ends it. */
	bool reader = line->was_reader && line->promise->either;
	pid_t child = fork();

	if (child == 0)
		be_serving_child(line, how, n);
	line->over = true;
	chaos_await(line, "fork serve", how, child);
	if (reader)
		line->promise->either = line->promise->lossy = "another-process-read";
}

/* As forking servers do: the parent lets go at once, and the child goes on after it. */
void chaos_fork_and_let_go(struct line *line)
{
	size_t how = chaos_below(4), n = 1 + chaos_below(100000);
	int gate[2];
	char byte;
	pid_t child;

	if (pipe(gate) != 0)
		return;
	child = fork();
	if (child == 0) {
		close(gate[1]);
		if (read(gate[0], &byte, 1) == 0)
			be_serving_child(line, how, n);
		_exit(9);
	}
	forked = line->over = line->done = true;
	close(gate[0]);
	chaos_let_go(line);
	close(gate[1]);
	chaos_await(line, "fork and let go", how, child);
}

/* The walk goes on in the child; the parent does nothing but wait. */
void chaos_become_daemon(struct line *line)
{
	int status = 0;
	pid_t child = is_daemon ? -1 : fork();

	if (child > 0) {
		waitpid(child, &status, 0);
		exit(WIFEXITED(status) ? WEXITSTATUS(status) : 9);
	}
	if (child != 0)
		return;
	forked = is_daemon = true;
	threads = false;
	for (int i = 0; i < lines_open; i++) {
		lines[i].inherited = true;
		if (!lines[i].over)
			lines[i].promise->either = nobody_wrote;
		if (lines[i].promise->most > 0)
			lines[i].promise->torn = nobody_wrote;
	}
	chaos_did("%d daemon", line->id);
}

static void be_reading_half(struct line *line, const int told[2], const int gate[2], size_t n)
{
	char bytes[16384], byte = 0;
	int got = SSL_read(line->ssl, bytes, 1);

	close(gate[1]);
	if (got != 1 || write(told[1], &byte, 1) != 1 || read(gate[0], &byte, 1) != 0)
		_exit(8);
	for (n--; n > 0; n -= (size_t)got) {
		got = SSL_read(line->ssl, bytes, (int)(n < sizeof(bytes) ? n : sizeof(bytes)));
		if (got <= 0)
			_exit(7);
	}
	exit(0);
}

/* Two halves of one connection: the child reads, the parent writes and lets go, and the child reads on. Nobody may end it for it. */
void chaos_fork_halves(struct line *line)
{
	size_t n = line->unread + legacy.write;
	int told[2], gate[2];
	char byte;
	pid_t child;

	if (n == 0 || line->was_reader || line->promise->either || pipe(told) != 0 || pipe(gate) != 0)
		return;
	child = fork();
	if (child == 0)
		be_reading_half(line, told, gate, n);
	forked = line->over = line->done = true;
	if (read(told[0], &byte, 1) == 1)
		chaos_write(line, 1 + chaos_below(100000));
	chaos_let_go(line);
	close(gate[0]);
	close(gate[1]);
	chaos_await(line, "fork halves", 0, child);
	close(told[0]);
	close(told[1]);
	line->promise->either = line->promise->lossy = "another-process-read";
}
