/* SPDX-License-Identifier: MIT */
/*
 * See chaos.h. chaos serve|call [OPTION...]: --rounds is the seed, --read is the size of the peer's first record.
 */
#include "chaos.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define MOST_PAIRS 20

struct line lines[MOST_LINES];
int lines_open;
bool forked, is_daemon;
static uint64_t state;
static int files;
static int twins[MOST_PAIRS], pairs; /* the far ends of socket pairs */

/* splitmix64: a good sequence from any seed, 0 and 1 included. */
uint64_t chaos_random(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

size_t chaos_below(size_t n)
{
	return chaos_random() % n;
}

bool chaos_one_in(size_t n)
{
	return chaos_below(n) == 0;
}

static void say(const char *text, size_t n)
{
	if (write(STDOUT_FILENO, text, n) != (ssize_t)n)
		_exit(4);
}

void chaos_did(const char *format, ...)
{
	char text[200] = "did: ";
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text + 5, sizeof(text) - 6, format, args) + 5;
	va_end(args);
	text[n] = '\n';
	say(text, (size_t)n + 1);
}

static void new_file(void)
{
	char name[20], bytes[600];
	size_t n = 1 + chaos_below(sizeof(bytes));
	int fd;

	snprintf(name, sizeof(name), "file.%d", ++files);
	fd = open(name, O_CREAT | O_RDWR | O_TRUNC, 0600);
	memset(bytes, 'a' + files % 26, n);
	if (fd < 0 || write(fd, bytes, n) != (ssize_t)n)
		_exit(4);
	chaos_did("file %s bytes=%zu letter=%c at %d", name, n, 'a' + files % 26, fd);
	if (chaos_one_in(3))
		close(fd);
}

static void make_pair(void)
{
	int ends[2];

	if (pairs == MOST_PAIRS || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		return;
	twins[pairs++] = fcntl(ends[1], F_DUPFD, 100);
	close(ends[1]);
	chaos_did("pair at %d", ends[0]);
}

/* Nobody has written to the other end, or shut it: EAGAIN. */
static void look_at_pairs(void)
{
	char byte;

	for (int i = 0; i < pairs; i++)
		chaos_did("pair %d: %zd", i, recv(twins[i], &byte, 1, MSG_DONTWAIT));
}

void chaos_file(void)
{
	if (chaos_one_in(3)) {
		make_pair();
		return;
	}
	new_file();
}

static void tell_promise(const struct promise *p, int id)
{
	const char *notify = p->silent ? "no" : p->either ? "either" : p->hub ? "hub" : "yes";
	const char *why = p->silent ? p->silent : p->either ? p->either : p->hub ? p->hub : "finished";
	char text[400];
	int n = snprintf(text, sizeof(text),
			 "promise: id=%d written=%zu most=%zu notify=%s why=%s lossy=%s torn=%s abort=%s\n",
			 id, p->written, p->written + p->most, notify, why, p->lossy ? p->lossy : "no",
			 p->torn ? p->torn : "no", p->abort ? "yes" : "no");

	say(text, (size_t)n);
}

static void doubt(struct line *line)
{
	struct promise *p = line->promise;

	/* The manual: that a copy came back is believed only of a process without children. */
	if (line->sent_to_itself && forked)
		p->either = p->lossy = "copied";
}

static void begin(SSL_CTX *ctx, bool server, int count)
{
	int listener = server ? legacy_listen() : -1;
	struct promise *promises = mmap(NULL, sizeof(*promises) * MOST_LINES, PROT_READ | PROT_WRITE,
					MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	for (lines_open = 0; lines_open < count; lines_open++) {
		int fd = server ? legacy_accept(listener) : legacy_connect();

		lines[lines_open] = (struct line){.id = lines_open + 1,
						  .fd = fd,
						  .ssl = legacy_handshake(ctx, fd, server),
						  .unread = legacy.read,
						  .promise = promises + lines_open};
	}
	if (server)
		close(listener);
}

int main(int argc, char **argv)
{
	bool server = argc > 1 && strcmp(argv[1], "serve") == 0;
	SSL_CTX *ctx = legacy_start(argc - 1, argv + 1, server);
	int how;

	state = (uint64_t)legacy.rounds;
	begin(ctx, server, legacy.connections);
	for (size_t left = 2 + chaos_below(8); left > 0; left--)
		chaos_step(&lines[chaos_below((size_t)lines_open)]);
	for (int i = 0; i < lines_open; i++)
		if (!lines[i].done)
			chaos_end(&lines[i]);
	look_at_pairs();
	how = chaos_choose_leave();
	for (int i = 0; i < lines_open; i++)
		doubt(&lines[i]);
	for (int i = 0; i < lines_open; i++)
		tell_promise(lines[i].promise, lines[i].id);
	return chaos_leave(how);
}
