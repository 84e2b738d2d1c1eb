/* SPDX-License-Identifier: MIT */
/*
 * A client with one thread that does what the lines of its stdin say, one after the other, and answers each with a
 * line: so that a test can look at it, stop or kill its helpers, between any two steps. No habit of its own but SSL_free
 * and close without a goodbye.
 *
 *   connect N       N connections more, each with its handshake             connected N
 *   write BYTES     the pattern, over each that is open                     wrote N
 *   release [N]     SSL_free and close of each, or of the last N            released N longest_ms=N
 *   look            what /proc tells of this process                        look threads=N fds=NUMBER:KIND,...
 *   wait            wait() until it fails                                   waited N errno=NAME
 *   children N      N children at once, each with a connection, a write of
 *                   `--write` bytes, a release and _exit(0)                 children N failed=N
 *   clear           clearenv()                                              cleared
 *   ignore          SIGINT and SIGTERM from here on                         ignoring
 *   daemonize       as daemon(3): the answer is the daemon's, the next
 *                   commands are not read: it waits for its alarm           daemon PID
 *   exec PROGRAM    becomes PROGRAM                                         (nothing)
 *   exit N          exit(N); at the end of stdin: exit(0)                   (nothing)
 *
 * Rules: stdout is written line by line with write(2), so that no child has a copy in its buffer; the alarm ends it.
 */
#include "legacy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>

enum { MOST = 6000, SECONDS = 120 };

static SSL_CTX *ctx;
static struct {
	SSL *ssl;
	int fd;
} open_ones[MOST];
static int count;

static void answer(const char *format, ...)
{
	char line[8192];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	line[n] = '\n';
	if (write(STDOUT_FILENO, line, (size_t)n + 1) < 0)
		exit(3);
}

static void connect_more(int n)
{
	for (int i = 0; i < n && count < MOST; i++, count++) {
		open_ones[count].fd = legacy_connect();
		open_ones[count].ssl = legacy_handshake(ctx, open_ones[count].fd, false);
	}
	answer("connected %d", n);
}

static void write_each(size_t bytes)
{
	int wrote = 0;

	legacy.write = bytes;
	for (int i = 0; i < count; i++)
		wrote += legacy_write(open_ones[i].ssl);
	answer("wrote %d", wrote);
}

static void release(int n)
{
	int rest = n > 0 && n < count ? count - n : 0;
	int released = count - rest;
	long longest = 0;

	for (; count > rest; count--) {
		long start = legacy_ms();

		SSL_free(open_ones[count - 1].ssl);
		close(open_ones[count - 1].fd);
		if (legacy_ms() - start > longest)
			longest = legacy_ms() - start;
	}
	answer("released %d longest_ms=%ld", released, longest);
}

/* "Threads:\t1" */
static int threads(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];
	int n = -1;

	while (status && fgets(line, sizeof(line), status))
		sscanf(line, "Threads: %d", &n);
	if (status)
		fclose(status);
	return n;
}

/* Of "socket:[123]" the kind: numbers of inodes differ from run to run. What looks is not listed. */
static size_t add_descriptor(char *text, size_t size, int folder, const char *name)
{
	char link[256];
	ssize_t n = readlinkat(folder, name, link, sizeof(link) - 1);

	if (n < 0 || atoi(name) == folder)
		return 0;
	link[n] = '\0';
	link[strcspn(link, "[")] = '\0';
	return (size_t)snprintf(text, size, "%s:%s,", name, link);
}

static void look(void)
{
	char fds[7000] = "";
	size_t length = 0;
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;

	while (folder && (entry = readdir(folder)) && length < sizeof(fds) - 512)
		if (entry->d_name[0] != '.')
			length += add_descriptor(fds + length, sizeof(fds) - length, dirfd(folder),
						 entry->d_name);
	if (folder)
		closedir(folder);
	answer("look threads=%d fds=%s", threads(), fds);
}

static void wait_for_all(void)
{
	int n = 0;

	while (wait(NULL) > 0)
		n++;
	answer("waited %d errno=%s", n, errno == ECHILD ? "ECHILD" : strerror(errno));
}

static void one_child(void)
{
	int fd = legacy_connect();
	SSL *ssl = legacy_handshake(ctx, fd, false);
	bool good = legacy_write(ssl);

	SSL_free(ssl);
	close(fd);
	_exit(!good);
}

static void children(int n)
{
	int failed = 0, status;

	for (int i = 0; i < n; i++) {
		pid_t child = fork();

		if (child == 0)
			one_child();
		failed += child < 0;
	}
	while (wait(&status) > 0)
		failed += status != 0;
	answer("children %d failed=%d", n, failed);
}

/* What inetd's children, sshd and most servers do: a new session, / and /dev/null. */
static void daemonize(void)
{
	int null = open("/dev/null", O_RDWR);

	if (fork() > 0)
		_exit(0);
	alarm(SECONDS); /* not inherited */
	answer("daemon %d", (int)getpid());
	if (setsid() < 0 || chdir("/") != 0)
		exit(3);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	close(null);
	for (;;)
		pause();
}

static bool word_is(const char *line, const char *word)
{
	size_t n = strlen(word);

	return strncmp(line, word, n) == 0 && (line[n] == '\0' || line[n] == ' ');
}

static void obey(const char *line)
{
	const char *space = strchr(line, ' ');
	const char *arg = space ? space + 1 : "";

	if (word_is(line, "connect")) {
		connect_more(atoi(arg));
	} else if (word_is(line, "write")) {
		write_each(strtoul(arg, NULL, 10));
	} else if (word_is(line, "release")) {
		release(atoi(arg));
	} else if (word_is(line, "look")) {
		look();
	} else if (word_is(line, "wait")) {
		wait_for_all();
	} else if (word_is(line, "children")) {
		children(atoi(arg));
	} else if (word_is(line, "clear")) {
		clearenv();
		answer("cleared");
	} else if (word_is(line, "ignore")) {
		signal(SIGINT, SIG_IGN);
		signal(SIGTERM, SIG_IGN);
		answer("ignoring");
	} else if (word_is(line, "daemonize")) {
		daemonize();
	} else if (word_is(line, "exec")) {
		execl(arg, arg, (char *)NULL);
		exit(3);
	} else if (word_is(line, "exit")) {
		exit(atoi(arg));
	} else {
		answer("what is %s?", line);
	}
}

int main(int argc, char **argv)
{
	char line[256];

	ctx = legacy_start(argc, argv, false);
	while (alarm(SECONDS), fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		obey(line);
	}
	return 0;
}
