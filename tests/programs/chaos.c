/* SPDX-License-Identifier: MIT */
/*
 * See chaos.h. chaos serve|call [OPTION...]: --rounds is the seed, --read is the size of the peer's first record,
 * --write what it sends after that.
 */
#include "chaos.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#define MOST_WITNESSES 20

struct witness {
	int id, fd, times;
};

const char nobody_wrote[] = "nobody-wrote-since-fork";
struct line lines[MOST_LINES];
bool chaos_watched[MOST_NUMBERS];
int lines_open;
bool forked, is_daemon, threads;
static uint64_t state;
static int files;
static struct witness witnesses[MOST_WITNESSES];
static int witnesses_open;
static SSL_CTX *context;
static bool serving;
static int listener = -1;
static struct promise *promises;

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

/*
 * A socket whose other end is the harness's: it records what comes, and holds it against what is told here. Whoever takes the
 * number for a connection's that was there before writes on it, or shuts it.
 */
static int connect_witness(bool tcp)
{
	struct sockaddr_un path = {.sun_family = AF_UNIX, .sun_path = "witness"};
	struct sockaddr_in port = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const char *number = getenv("CHAOS_WITNESS");
	int fd = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM, 0);

	port.sin_port = htons((uint16_t)atoi(number ? number : "0"));
	if (connect(fd, tcp ? (struct sockaddr *)&port : (struct sockaddr *)&path,
		    tcp ? sizeof(port) : sizeof(path)) != 0)
		_exit(5);
	return fd;
}

static void use_witness(struct witness *w)
{
	char text[20];
	int n = snprintf(text, sizeof(text), "%d:%d\n", w->id, ++w->times);

	chaos_did("witness %d times=%d: %zd", w->id, w->times, write(w->fd, text, (size_t)n));
}

static void make_witness(void)
{
	struct witness *w = &witnesses[witnesses_open];

	if (witnesses_open == MOST_WITNESSES)
		return;
	witnesses_open++;
	*w = (struct witness){.id = witnesses_open, .fd = connect_witness(chaos_one_in(2))};
	chaos_did("witness %d at %d", w->id, w->fd);
	use_witness(w);
}

/* Something else was put at its number. */
void chaos_forget_witness(int fd)
{
	for (int i = 0; i < witnesses_open; i++)
		if (witnesses[i].fd == fd)
			witnesses[i].fd = -1;
}

void chaos_use_witness(void)
{
	struct witness *w;

	if (witnesses_open == 0)
		return;
	w = &witnesses[chaos_below((size_t)witnesses_open)];
	if (w->fd < 0)
		return;
	use_witness(w);
	if (chaos_one_in(2))
		return;
	chaos_did("witness %d close: %d", w->id, close(w->fd));
	w->fd = -1;
}

void chaos_file(void)
{
	if (chaos_one_in(2)) {
		make_witness();
		return;
	}
	new_file();
}

void chaos_reuse(void)
{
	size_t how = chaos_below(4);

	if (how == 1 && chaos_open())
		return;
	if (how != 0)
		chaos_file();
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

bool chaos_open(void)
{
	struct line *line = &lines[lines_open];
	int fd;

	if (lines_open == legacy.connections)
		return false;
	fd = serving ? legacy_accept(listener) : legacy_connect();
	*line = (struct line){
		.id = lines_open + 1, .fd = fd, .unread = legacy.read, .promise = promises + lines_open};
	line->watched = chaos_watched[fd % MOST_NUMBERS];
	if (chaos_one_in(4)) /* nobody knows yet that it will be one */
		line->copies[line->copies_open++] = dup(fd);
	line->ssl = legacy_handshake(context, fd, serving);
	lines_open++;
	chaos_did("%d open at %d", line->id, fd);
	return true;
}

static void begin(int argc, char **argv)
{
	serving = argc > 1 && strcmp(argv[1], "serve") == 0;
	context = legacy_start(argc - 1, argv + 1, serving);
	if (legacy.connections < 1 || legacy.connections > MOST_LINES)
		_exit(2);
	promises = mmap(NULL, sizeof(*promises) * MOST_LINES, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	state = (uint64_t)legacy.rounds;
	listener = serving ? legacy_listen() : -1;
	for (size_t left = 1 + chaos_below((size_t)legacy.connections); left > 0; left--)
		chaos_open();
}

static void walk(void)
{
	for (size_t left = 2 + chaos_below(5 + 3 * (size_t)legacy.connections); left > 0; left--)
		chaos_step(&lines[chaos_below((size_t)lines_open)]);
	chaos_settle();
}

/* A connection may begin among the ends of others, at a number of theirs. */
static void end_all(void)
{
	for (int i = 0; i < legacy.connections; i++) {
		if (i == lines_open || chaos_one_in(3))
			chaos_open();
		if (!lines[i].done)
			chaos_end(&lines[i]);
		if (chaos_one_in(4))
			chaos_use_witness();
	}
}

int main(int argc, char **argv)
{
	int how;

	begin(argc, argv);
	walk();
	end_all();
	how = chaos_choose_leave();
	for (int i = 0; i < lines_open; i++)
		doubt(&lines[i]);
	for (int i = 0; i < lines_open; i++)
		tell_promise(lines[i].promise, lines[i].id);
	return chaos_leave(how);
}
