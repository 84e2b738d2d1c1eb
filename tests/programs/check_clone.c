/* SPDX-License-Identifier: MIT */
/*
 * A host that hands sockets over to tasks of its own (linger/clone.h), without the object or OpenSSL. Programs in which this
 * matters: daemons that are started with LD_PRELOAD by hand, and exit or exec right after a close.
 *
 *   check_clone CASE     0 where everything is as it should be, else a line for each thing that is not
 *   check_clone          lists the cases
 */
#include "linger/clone.h"
#include "loopback.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MANY = 64, BIG = 3 << 20 };

static int failures;

static void check(bool right, const char *what)
{
	if (right)
		return;
	printf("not so: %s\n", what);
	fflush(stdout);
	failures++;
}
#define CHECK(expression) check((expression), #expression)

/* --- connections --- */

static struct hold hold_of(unsigned residue_length)
{
	struct hold hold = {.id = 1,
			    .tells = true,
			    .pid = getpid(),
			    .number = CLONES_MAX,
			    .program = "check_clone",
			    .mode = MODE_CURE,
			    .level = LEVEL_DEBUG,
			    .format = FORMAT_JSON,
			    .tracked_us = 1,
			    .residue_length = residue_length};
	hold.who = (struct event_who){.number = 7, .fd = 5, .transport = TRANSPORT_TCP};
	hold.end =
		(struct event_end){.close_paths = PATH_CLOSE, .close_notify = BY_TLSBYE, .handshake = true};
	hold.drain = (struct drain){.reads = true,
				    .family = AF_INET,
				    .limits = {.idle_us = 60000000,
					       .total_us = 120000000,
					       .bytes = UINT64_C(1) << 40,
					       .sending_us = 120000000},
				    .residue = {.length = residue_length}};
	return hold;
}

static const struct clone_log nowhere = {.fd = -1};

static bool hand_over_with(int fd, const char *residue, struct clone_log log)
{
	struct hold hold = hold_of((unsigned)strlen(residue));
	return clone_hand_over(fd, &hold, residue, "", log) == 0;
}

/* Bytes to the end of the stream; -1 where it is a reset, or does not end in `last`. */
static long read_to_end(int fd, const char *last)
{
	static char bytes[1 << 16];
	char tail[64] = "";
	size_t keep = strlen(last);
	long sum = 0;
	ssize_t n;
	while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0)
		for (ssize_t i = 0; i < n; i++)
			tail[(size_t)(sum++) % (keep ? keep : 1)] = bytes[i];
	for (size_t i = 0; i < keep; i++)
		if (tail[((size_t)sum + i) % keep] != last[i])
			return -1;
	return n < 0 ? -1 : sum;
}

/* Much to be sent, and something unread that makes a bare close reset it. */
static void load(int ends[2])
{
	static char bytes[BIG];
	int size = BIG * 2;
	setsockopt(ends[OURS], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	setsockopt(ends[OURS], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	CHECK(send(ends[PEERS], "unread", 6, 0) == 6);
	struct pollfd wait = {.fd = ends[OURS], .events = POLLIN};
	poll(&wait, 1, -1);
	fcntl(ends[OURS], F_SETFL, O_NONBLOCK);
	send(ends[OURS], bytes, sizeof bytes, 0);
}

/* --- processes --- */

static void pause_a_little(void)
{
	const struct timespec little = {.tv_nsec = 5000000};
	nanosleep(&little, NULL);
}

static bool status_line(pid_t pid, const char *key, char *value, size_t size)
{
	char path[64], line[256];
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	FILE *status = fopen(path, "r");
	bool found = false;
	while (status && !found && fgets(line, sizeof line, status))
		if (strncmp(line, key, strlen(key)) == 0) {
			found = true;
			snprintf(value, size, "%s", line + strlen(key) + strspn(line + strlen(key), ": \t"));
			value[strcspn(value, "\n")] = '\0';
		}
	if (status)
		fclose(status);
	return found;
}

/* Children of this process, whatever wait() says of them: how many, and one of them. */
static int children(pid_t *one)
{
	DIR *folder = opendir("/proc");
	int count = 0;
	for (struct dirent *entry; (entry = readdir(folder));) {
		char parent[32];
		pid_t pid = atoi(entry->d_name);
		if (pid > 0 && status_line(pid, "PPid", parent, sizeof parent) && atoi(parent) == getpid()) {
			count++;
			if (one)
				*one = pid;
		}
	}
	closedir(folder);
	return count;
}

static int descriptors(void)
{
	int count = 0;
	DIR *folder = opendir("/proc/self/fd");
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static void await_no_tasks(void)
{
	while (clone_count())
		pause_a_little();
}

/* The task has done what it does before it drains: the filter is the last of it. */
static pid_t await_task(void)
{
	pid_t task = 0;
	char seccomp[16] = "";
	CHECK(children(&task) == 1);
	while (status_line(task, "Seccomp:", seccomp, sizeof seccomp) && strcmp(seccomp, "2") != 0)
		pause_a_little();
	return task;
}

/* --- the cases --- */

static void many(void)
{
	int ends[MANY][2], before = descriptors();
	char value[32] = "";
	for (int i = 0; i < MANY; i++) {
		connect_tcp(ends[i]);
		CHECK(send(ends[i][OURS], "data", 4, 0) == 4);
		CHECK(hand_over_with(ends[i][OURS], "bye", nowhere));
		close(ends[i][OURS]);
	}
	CHECK(clone_count() == MANY);
	CHECK(status_line(getpid(), "Threads", value, sizeof value) && strcmp(value, "1") == 0);
	errno = 0;
	CHECK(wait(NULL) == -1 && errno == ECHILD); /* no child of the program's */
	for (int i = 0; i < MANY; i++) {
		CHECK(read_to_end(ends[i][PEERS], "databye") == 7);
		CHECK(send(ends[i][PEERS], "late", 4, MSG_NOSIGNAL) == 4); /* no reset: it is discarded */
		close(ends[i][PEERS]);
	}
	await_no_tasks();
	CHECK(descriptors() == before);
	errno = 0;
	CHECK(wait(NULL) == -1 && errno == ECHILD);
	while (children(NULL) > 1) { /* the next hand-over waits for those that have ended */
		connect_tcp(ends[0]);
		CHECK(hand_over_with(ends[0][OURS], "", nowhere));
		close(ends[0][OURS]);
		close(ends[0][PEERS]);
		await_no_tasks();
	}
}

static void our_children_alone(void)
{
	int ends[2], status = 0;
	pid_t theirs = fork();
	if (theirs == 0)
		_exit(3);
	for (int i = 0; i < 8; i++) {
		connect_tcp(ends);
		CHECK(hand_over_with(ends[OURS], "", nowhere));
		close(ends[OURS]);
		close(ends[PEERS]);
		await_no_tasks();
	}
	CHECK(waitpid(theirs, &status, 0) == theirs && WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

/* What becomes of the connection when the host goes in this way, at once. */
static void peer_gets_all(void (*go)(void))
{
	int ends[2], sent = -1, told[2];
	connect_tcp(ends);
	CHECK(pipe(told) == 0);
	pid_t host = fork();
	if (host == 0) {
		load(ends);
		socklen_t size = sizeof sent;
		getsockopt(ends[OURS], SOL_SOCKET, SO_SNDBUF, &sent, &size);
		close(ends[PEERS]);
		bool handed = hand_over_with(ends[OURS], "bye", nowhere);
		CHECK(write(told[1], handed ? "y" : "n", 1) == 1);
		go();
		_exit(9);
	}
	char handed = 0;
	close(ends[OURS]);
	close(told[1]);
	CHECK(read(told[0], &handed, 1) == 1 && handed == 'y');
	CHECK(read(told[0], &handed, 1) == 0); /* gone, and the task has not kept its pipe */
	CHECK(waitpid(host, NULL, 0) == host);
	CHECK(read_to_end(ends[PEERS], "bye") > 1 << 16);
	close(ends[PEERS]);
}

static void leave(void)
{
	_exit(0);
}

static void leave_and_clean_up(void)
{
	exit(0);
}

static void become_another(void)
{
	execlp("true", "true", (char *)NULL);
}

static void be_killed(void)
{
	raise(SIGKILL);
}

static void after_exit(void)
{
	peer_gets_all(leave);
	peer_gets_all(leave_and_clean_up);
}

static void after_exec(void)
{
	peer_gets_all(become_another);
}

static void after_kill(void)
{
	peer_gets_all(be_killed);
}

static void at_most(void)
{
	int ends[3][2];
	struct hold hold = hold_of(0);
	hold.number = 2;
	for (int i = 0; i < 3; i++) {
		connect_tcp(ends[i]);
		CHECK((clone_hand_over(ends[i][OURS], &hold, NULL, NULL, nowhere) == 0) == (i < 2));
	}
	close(ends[0][PEERS]);
	while (clone_count() == 2)
		pause_a_little();
	for (int i = 0; i < 1000 && clone_hand_over(ends[2][OURS], &hold, NULL, NULL, nowhere) != 0; i++)
		pause_a_little(); /* it may not be a zombie yet */
	CHECK(clone_count() == 2);
	for (int i = 0; i < 3; i++) {
		close(ends[i][OURS]);
		close(ends[i][PEERS]);
	}
	await_no_tasks();
}

static void child_of_a_fork(void)
{
	int ends[2], status = -1;
	struct hold hold = hold_of(0);
	hold.number = 1;
	connect_tcp(ends);
	CHECK(clone_hand_over(ends[OURS], &hold, NULL, NULL, nowhere) == 0);
	pid_t child = fork();
	if (child == 0) {
		int own[2];
		connect_tcp(own);
		CHECK(clone_count() == 0 ||
		      clone_count() == 1); /* until the first of its own it may be its parent's */
		CHECK(clone_hand_over(own[OURS], &hold, NULL, NULL, nowhere) == 0);
		close(own[OURS]);
		CHECK(read_to_end(own[PEERS], "") == 0);
		close(own[PEERS]);
		await_no_tasks();
		_exit(failures);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	CHECK(clone_count() == 1);
	close(ends[OURS]);
	close(ends[PEERS]);
	await_no_tasks();
}

static void refused(void)
{
	int ends[2];
	const struct rlimit none = {0, 0};
	connect_tcp(ends);
	CHECK(setgid(65534) == 0 && setuid(65534) == 0);
	CHECK(setrlimit(RLIMIT_NPROC, &none) == 0);
	errno = 4711;
	CHECK(!hand_over_with(ends[OURS], "bye", nowhere));
	CHECK(errno == 4711 && clone_count() == 0);
}

static volatile sig_atomic_t handled;

static void handle(int signal)
{
	(void)signal;
	handled++;
	_exit(77); /* in the task it would be seen by nobody: the peer sees it */
}

static void signals(void)
{
	int ends[2];
	sigset_t before, after;
	sigprocmask(SIG_SETMASK, NULL, &before);
	connect_tcp(ends);
	CHECK(hand_over_with(ends[OURS], "", nowhere));
	close(ends[OURS]);
	sigprocmask(SIG_SETMASK, NULL, &after);
	CHECK(memcmp(&before, &after, 8) == 0);
	pid_t task = await_task();
	CHECK(getsid(task) == task);
	CHECK(kill(task, SIGINT) == 0 && kill(task, SIGHUP) == 0 && kill(task, SIGUSR1) == 0);
	CHECK(send(ends[PEERS], "still", 5, MSG_NOSIGNAL) == 5);
	CHECK(clone_count() == 1);
	CHECK(kill(task, SIGTERM) == 0);
	await_no_tasks();
	CHECK(!handled);
}

static void handlers(void)
{
	const int all[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		signal(all[i], handle);
	signals();
}

static void rights(void)
{
	int ends[2], own[2];
	char value[64] = "";
	connect_tcp(ends);
	CHECK(pipe(own) == 0);
	CHECK(hand_over_with(ends[OURS], "", nowhere));
	pid_t task = await_task();
	CHECK(status_line(task, "Name", value, sizeof value) && strcmp(value, "tlsbye-linger") == 0);
	CHECK(status_line(task, "NoNewPrivs", value, sizeof value) && strcmp(value, "1") == 0);
	CHECK(status_line(task, "SigBlk", value, sizeof value) && strcmp(value, "fffffffffffbbeff") == 0);
	CHECK(status_line(getpid(), "Seccomp:", value, sizeof value) && strcmp(value, "2") != 0);
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/fd", task);
	DIR *folder = opendir(path);
	int count = 0;
	for (struct dirent *entry; folder && (entry = readdir(folder));)
		count += *entry->d_name != '.';
	CHECK(folder && count == 1); /* the socket alone */
	if (folder)
		closedir(folder);
	close(ends[OURS]);
	close(ends[PEERS]);
	await_no_tasks();
}

/* Reads what there is to be read of a log, until its last writer has gone. */
static void expect_events(int fd)
{
	char log[16384] = "";
	size_t length = 0;
	ssize_t n;
	while (length < sizeof log - 1 && (n = read(fd, log + length, sizeof log - 1 - length)) > 0)
		length += (size_t)n;
	CHECK(strstr(log, "\"event\":\"half-close\"") != NULL);
	CHECK(strstr(log, "\"event\":\"drain\"") != NULL);
	const char *end = strstr(log, "\"event\":\"end\"");
	CHECK(end && strstr(end, "\"program\":\"check_clone\"") && strstr(end, "\"drained\":4"));
	CHECK(end && strstr(end, "\"peer_end\":\"fin\"") && strstr(end, "\"sites\":{}"));
}

static void events(void)
{
	for (int by_path = 0; by_path < 2; by_path++) {
		int ends[2], tells[2];
		char path[] = "/tmp/check_clone.XXXXXX";
		static const char sites[] = "\"objects\":[],\"sites\":{}";
		struct hold hold = hold_of(0);
		hold.sites_length = sizeof sites - 1;
		connect_tcp(ends);
		CHECK(pipe(tells) == 0);
		int file = mkstemp(path);
		struct clone_log log = {.path = by_path ? path : NULL, .fd = by_path ? -1 : tells[1]};
		CHECK(clone_hand_over(ends[OURS], &hold, NULL, sites, log) == 0);
		close(ends[OURS]);
		close(tells[1]);
		CHECK(send(ends[PEERS], "abcd", 4, 0) == 4);
		CHECK(read_to_end(ends[PEERS], "") == 0);
		close(ends[PEERS]);
		await_no_tasks();
		expect_events(by_path ? file : tells[0]);
		unlink(path);
	}
}

/* Nobody says it: the FIN comes all the same. */
static void nothing_follows(void)
{
	int ends[2];
	struct hold hold = hold_of(0);
	hold.follows = hold.drain.held_back = true;
	hold.follows_ms = 20;
	connect_tcp(ends);
	CHECK(clone_hand_over(ends[OURS], &hold, NULL, NULL, nowhere) == 0);
	close(ends[OURS]);
	CHECK(read_to_end(ends[PEERS], "") == 0);
	close(ends[PEERS]);
	await_no_tasks();
}

#define CASE(name)                                                                                           \
	{                                                                                                    \
#name, name                                                                                  \
	}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	CASE(many),       CASE(our_children_alone), CASE(after_exit), CASE(after_exec),
	CASE(at_most),    CASE(child_of_a_fork),    CASE(refused),    CASE(signals),
	CASE(rights),     CASE(handlers),           CASE(events),     CASE(nothing_follows),
	CASE(after_kill),
};

int main(int count, char **arguments)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		if (count < 2)
			puts(cases[i].name);
		else if (strcmp(arguments[1], cases[i].name) == 0) {
			cases[i].run();
			return failures ? 1 : 0;
		}
	}
	return count < 2 ? 0 : 2;
}
