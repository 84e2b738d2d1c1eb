/* SPDX-License-Identifier: MIT */
/*
 * What a walk does before it lets go; see chaos.h. Each step leaves the connection usable, or marks it over.
 *
 * Rules: a child is waited for, so that what it did is over. A thread is joined. The choice of steps never looks at a result.
 */
#include "chaos.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "judge/pattern.h"

extern char **environ;

static int write_pattern(struct line *line, size_t n)
{
	unsigned char *bytes = malloc(n);
	int wrote;

	pattern_fill(bytes, n, line->promise->written);
	wrote = SSL_write(line->ssl, bytes, (int)n);
	free(bytes);
	return wrote;
}

static void tell_write(struct line *line, const char *how, size_t n, int wrote)
{
	struct promise *p = line->promise;

	chaos_did("%d %s %zu: %d", line->id, how, n, wrote);
	if (wrote > 0) {
		p->written += (size_t)wrote;
		p->either = NULL; /* whoever has written is the owner */
	} else
		p->silent = "failed-write";
}

void chaos_write(struct line *line, size_t n)
{
	tell_write(line, "write", n, write_pattern(line, n));
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

/* While the walk goes on elsewhere. */
static void *write_beside(void *arg)
{
	struct line *line = arg;

	line->wrote = write_pattern(line, line->to_write);
	return NULL;
}

static void begin_to_write(struct line *line)
{
	line->to_write = 1 + chaos_below(500000);
	line->writing = pthread_create(&line->writer, NULL, write_beside, line) == 0;
}

static void settle(struct line *line)
{
	if (!line->writing)
		return;
	pthread_join(line->writer, NULL);
	line->writing = false;
	tell_write(line, "write beside", line->to_write, line->wrote);
}

void chaos_settle(void)
{
	for (int i = 0; i < lines_open; i++)
		settle(&lines[i]);
}

static void *sleep_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void begin_thread(struct line *line)
{
	pthread_t thread;

	(void)line;
	threads = threads || pthread_create(&thread, NULL, sleep_for_ever, NULL) == 0;
}

static void make_narrow(struct line *line)
{
	int small = 16384;

	setsockopt(line->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	fcntl(line->fd, F_SETFL, fcntl(line->fd, F_GETFL) | O_NONBLOCK);
}

/* A write that is left half-done; or, with SSL_MODE_ENABLE_PARTIAL_WRITE, a short one that is not gone on with. */
static void overfill(struct line *line)
{
	static const size_t n = 8 << 20;
	bool partial = chaos_one_in(2);
	int wrote;

	make_narrow(line);
	if (partial)
		SSL_set_mode(line->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE);
	wrote = write_pattern(line, n);
	chaos_did("%d overfill (%d)", line->id, partial);
	line->over = true;
	line->promise->either = NULL;
	if (wrote > 0)
		line->promise->written += (size_t)wrote;
	if (wrote == (int)n)
		return;
	line->promise->most = wrote > 0 ? 0 : n;
	line->promise->silent = wrote > 0 ? "short-write" : "half-done-write";
}

/* As a right program does: again and again until all is out, in one call's end or, with the mode, in many. */
static void write_in_parts(struct line *line)
{
	size_t n = 100000 + chaos_below(1000000), done = 0;
	unsigned char *bytes = malloc(n);
	int flags = fcntl(line->fd, F_GETFL), wrote;

	pattern_fill(bytes, n, line->promise->written);
	make_narrow(line);
	SSL_set_mode(line->ssl, chaos_one_in(2) ? SSL_MODE_ENABLE_PARTIAL_WRITE : 0);
	while (done < n) {
		wrote = SSL_write(line->ssl, bytes + done, (int)(n - done));
		if (wrote <= 0 && SSL_get_error(line->ssl, wrote) != SSL_ERROR_WANT_WRITE)
			break;
		if (wrote > 0)
			done += (size_t)wrote;
		else
			poll(&(struct pollfd){.fd = line->fd, .events = POLLOUT}, 1, 20000);
	}
	free(bytes);
	fcntl(line->fd, F_SETFL, flags);
	SSL_clear_mode(line->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE);
	tell_write(line, "write in parts", n, done == n ? (int)n : -1);
}

/* The number is away for a moment, the connection is not; a file may be there meanwhile. */
static void swap(struct line *line)
{
	int away = dup(line->fd), back;

	close(line->fd);
	if (chaos_one_in(2))
		chaos_file();
	back = dup2(away, line->fd);
	chaos_forget_witness(line->fd);
	chaos_did("%d swap: %d %d", line->id, back, close(away));
}

static void file(struct line *line)
{
	(void)line;
	chaos_file();
}

static void use_witness(struct line *line)
{
	(void)line;
	chaos_use_witness();
}

static void begin_next(struct line *line)
{
	(void)line;
	chaos_open();
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

/* The child has the memory, and closes its own copy of the number, as Python's subprocess does. */
static void vfork_exec(struct line *line)
{
	size_t how = chaos_below(3);
	pid_t child = vfork();

	if (child == 0) {
		if (how == 1)
			close(line->fd);
		if (how == 2)
			dup2(line->fd, STDIN_FILENO);
		execl("/bin/true", "true", (char *)NULL);
		_exit(9);
	}
	chaos_await(line, "vfork", how, child);
}

/* Signals all the time: what waits in the object's own calls is interrupted. A forked child has no such timer. */
static void tick(int signal)
{
	(void)signal;
}

static void begin_ticks(struct line *line)
{
	struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
	struct itimerspec every = {{0, 300000}, {0, 300000}};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
	timer_t timer;

	sigaction(SIGUSR2, &action, NULL);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) == 0)
		chaos_did("%d ticks: %d", line->id, timer_settime(timer, 0, &every, NULL));
}

static void spawn(struct line *line)
{
	static char name[] = "true";
	char *const argv[] = {name, NULL};
	pid_t child = -1;

	if (posix_spawn(&child, "/bin/true", NULL, NULL, argv, environ) == 0)
		chaos_await(line, "spawn", 0, child);
}

static const struct {
	void (*take)(struct line *line);
	int weight;
	bool speaks;
} steps[] = {
	{write_some, 8, true},
	{read_here, 4, true},
	{read_in_thread, 2, true},
	{overfill, 1, true},
	{write_in_parts, 2, true},
	{begin_to_write, 2, true},
	{chaos_copy, 5, false},
	{chaos_close_copy, 2, false},
	{swap, 2, false},
	{file, 2, false},
	{use_witness, 2, false},
	{begin_next, 3, false},
	{begin_thread, 1, false},
	{begin_ticks, 1, false},
	{watch, 1, false},
	{linger, 1, false},
	{chaos_fork_idle, 3, false},
	{chaos_fork_serve, 2, true},
	{vfork_exec, 2, false},
	{spawn, 1, false},
	{chaos_fork_and_let_go, 1, true},
	{chaos_become_daemon, 1, false},
	{chaos_move, 2, true},
	{chaos_travel, 2, true},
	{chaos_fork_halves, 2, true},
};

/* A fork in the middle of a thread's write leaves a child that may have half of it: nobody can promise anything there. */
static bool forks(size_t i)
{
	return steps[i].take == chaos_fork_idle || steps[i].take == chaos_fork_serve ||
	       steps[i].take == chaos_fork_and_let_go || steps[i].take == chaos_become_daemon ||
	       steps[i].take == chaos_fork_halves;
}

void chaos_step(struct line *line)
{
	size_t i = 0;
	int all = 0, at;

	for (size_t j = 0; j < sizeof(steps) / sizeof(steps[0]); j++)
		all += steps[j].weight;
	at = (int)chaos_below((size_t)all);
	while ((at -= steps[i].weight) >= 0)
		i++;
	settle(line);
	if (forks(i))
		chaos_settle();
	if (!line->done && (!steps[i].speaks || !line->over))
		steps[i].take(line);
}
