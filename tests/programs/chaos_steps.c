/* SPDX-License-Identifier: MIT */
/*
 * What a walk does before it lets go; see chaos.h. Each step leaves the connection usable, or marks it over.
 *
 * Rules: a child is waited for, so that what it did is over. A thread is joined. The choice of steps never looks at a result.
 */
#include "chaos.h"

#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "judge/pattern.h"

extern char **environ;

void chaos_write(struct line *line, size_t n)
{
	struct promise *p = line->promise;
	unsigned char *bytes = malloc(n);
	int wrote;

	pattern_fill(bytes, n, p->written);
	wrote = SSL_write(line->ssl, bytes, (int)n);
	free(bytes);
	chaos_did("%d write %zu: %d", line->id, n, wrote);
	if (wrote > 0) {
		p->written += (size_t)wrote;
		p->either = NULL; /* whoever has written is the owner */
	} else
		p->silent = "failed-write";
}

static void write_some(struct line *line)
{
	static const size_t most[] = {100, 20000, 300000};

	chaos_write(line, 1 + chaos_below(most[chaos_below(3)]));
}

/* The peer's first record is one: so many bytes of it come in one call. */
static void *read_some(void *arg)
{
	struct line *line = arg;
	size_t n = 1 + chaos_below(line->unread);
	char bytes[16384];
	int got = SSL_read(line->ssl, bytes, (int)n);

	chaos_did("%d read %zu: %d", line->id, n, got);
	line->was_reader = is_daemon;
	line->unread -= n;
	return NULL;
}

static void read_here(struct line *line)
{
	if (line->unread > 0)
		read_some(line);
}

static void read_in_thread(struct line *line)
{
	pthread_t thread;

	if (line->unread == 0 || pthread_create(&thread, NULL, read_some, line) != 0)
		return;
	pthread_join(thread, NULL);
}

static void overfill(struct line *line)
{
	static const size_t n = 8 << 20;
	unsigned char *bytes = malloc(n);
	int wrote, small = 16384;

	pattern_fill(bytes, n, line->promise->written);
	setsockopt(line->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	fcntl(line->fd, F_SETFL, fcntl(line->fd, F_GETFL) | O_NONBLOCK);
	wrote = SSL_write(line->ssl, bytes, (int)n);
	free(bytes);
	chaos_did("%d overfill", line->id);
	line->over = true;
	if (wrote > 0) {
		line->promise->written += (size_t)wrote;
		return;
	}
	line->promise->most = n;
	line->promise->silent = "half-done-write";
}

static int send_to_itself(int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {0}, byte = 0;
	struct iovec part = {&byte, 1};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);
	int ends[2], copy = -1;

	*head = (struct cmsghdr){
		.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		return -1;
	if (sendmsg(ends[0], &message, 0) == 1 && recvmsg(ends[1], &message, 0) == 1)
		memcpy(&copy, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(copy));
	close(ends[0]);
	close(ends[1]);
	return copy;
}

static void copy(struct line *line)
{
	size_t how = chaos_below(7);
	int number = 40 + line->id * MOST_COPIES + line->copies_open, fd = line->fd, made;

	if (line->copies_open == MOST_COPIES)
		return;
	made = how == 0   ? dup(fd)
	       : how == 1 ? dup2(fd, number)
	       : how == 2 ? dup3(fd, number, O_CLOEXEC)
	       : how == 3 ? fcntl(fd, F_DUPFD, 20)
	       : how == 4 ? fcntl(fd, F_DUPFD_CLOEXEC, 30)
	       : how == 5 ? (int)syscall(SYS_dup, fd)
			  : send_to_itself(fd);
	line->sent_to_itself = line->sent_to_itself || how == 6;
	line->copies[line->copies_open++] = made;
	chaos_did("%d copy (%zu): %d", line->id, how, made);
}

static void close_copy(struct line *line)
{
	if (line->copies_open > 0)
		chaos_did("%d close copy: %d", line->id, close(line->copies[--line->copies_open]));
}

/* The number is away for a moment, the connection is not; a file may be there meanwhile. */
static void swap(struct line *line)
{
	int away = dup(line->fd), back;

	close(line->fd);
	if (chaos_one_in(2))
		chaos_file();
	back = dup2(away, line->fd);
	chaos_did("%d swap: %d %d", line->id, back, close(away));
}

static void file(struct line *line)
{
	(void)line;
	chaos_file();
}

static void watch(struct line *line)
{
	struct epoll_event event = {.events = EPOLLIN};
	int set = epoll_create1(0);

	line->watched = true;
	chaos_did("%d epoll %d: %d", line->id, set, epoll_ctl(set, EPOLL_CTL_ADD, line->fd, &event));
}

static void linger(struct line *line)
{
	struct linger l = {1, 5};

	chaos_did("%d linger: %d", line->id, setsockopt(line->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
}

static void await(struct line *line, const char *what, size_t how, pid_t child)
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

static void fork_idle(struct line *line)
{
	size_t how = chaos_below(6);
	pid_t child = fork();

	if (child == 0)
		be_idle_child(how);
	await(line, "fork idle", how, child);
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

static void fork_serve(struct line *line)
{
	size_t how = chaos_below(4), n = 1 + chaos_below(100000);
	/* Who has read since the daemon's fork would be robbed by a half-close, so that nobody ends it. */
	bool reader = line->was_reader && line->promise->either;
	pid_t child = fork();

	if (child == 0)
		be_serving_child(line, how, n);
	line->over = true;
	await(line, "fork serve", how, child);
	if (reader)
		line->promise->either = line->promise->lossy = "another-process-read";
}

/* As forking servers do: the parent lets go at once, and the child goes on after it. */
static void fork_and_let_go(struct line *line)
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
	await(line, "fork and let go", how, child);
}

/* The walk goes on in the child; the parent does nothing but wait. */
static void become_daemon(struct line *line)
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
	for (int i = 0; i < lines_open; i++) {
		if (!lines[i].over)
			lines[i].promise->either = "nobody-wrote-since-fork";
		if (lines[i].promise->most > 0)
			lines[i].promise->torn = "nobody-wrote-since-fork";
	}
	chaos_did("%d daemon", line->id);
}

static void vfork_exec(struct line *line)
{
	pid_t child = vfork();

	if (child == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(9);
	}
	await(line, "vfork", 0, child);
}

static void spawn(struct line *line)
{
	static char name[] = "true";
	char *const argv[] = {name, NULL};
	pid_t child = -1;

	if (posix_spawn(&child, "/bin/true", NULL, NULL, argv, environ) == 0)
		await(line, "spawn", 0, child);
}

static const struct {
	void (*take)(struct line *line);
	int weight;
	bool speaks;
} steps[] = {
	{write_some, 8, true},  {read_here, 4, true},   {read_in_thread, 2, true},  {overfill, 1, true},
	{copy, 4, false},       {close_copy, 2, false}, {swap, 2, false},           {file, 1, false},
	{watch, 1, false},      {linger, 1, false},     {fork_idle, 3, false},      {fork_serve, 2, true},
	{vfork_exec, 1, false}, {spawn, 1, false},      {fork_and_let_go, 1, true}, {become_daemon, 1, false},
};

void chaos_step(struct line *line)
{
	size_t i = 0;
	int at = (int)chaos_below(35);

	while ((at -= steps[i].weight) >= 0)
		i++;
	if (!line->done && (!steps[i].speaks || !line->over))
		steps[i].take(line);
}
