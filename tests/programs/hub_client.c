/* SPDX-License-Identifier: MIT */
/*
 * Speaks to the hub as the object does, and as nobody should: `tlsbye run hub_client WORD...`. Each word is done in its
 * turn; NAME=VALUE sets what later messages say, the others act:
 *
 *   hub                    prints "hub PID FOLDER"
 *   hello bye line=TEXT    say so
 *   tls=PROGRAM            it has TLS, and this name
 *   hold                   a TCP pair of its own: 1,000 bytes are written, the one end is handed over (its id: 1, 2, ...)
 *   again=ID               another socket, with the id of one that was handed over before
 *   spoken=ID              close_notify follows: the bytes "spoken"
 *   read=ID                the other end reads to its end: prints "ID: N bytes, end" or "..., reset"
 *   close=ID reset=ID      ends the other end
 *   await                  until the hub holds nothing of this process: prints "await: told" then
 *   many=N                 so many holds; prints "many: N sent, blocked 0|1"
 *   silent=N               so many connections that say nothing; they stay open
 *   bad=WHAT               a HOLD, but: garbage, version, token, kind, size, truncated, none (no descriptor), surplus,
 *                          pipe (no socket), enum (out of its table), bool, control (a line in the program's name);
 *                          prints "bad WHAT: dropped" when its socket was closed unheard
 *   mailbox=WHAT           hands a mailbox over: fine, or small, large, unsealed, final (no seal can be added), file (no
 *                          memfd), none (no descriptor)
 *   put=TEXT               a line into the last one; prints "full" where there is no room
 *   slots=N                all its slots say this length (1: somebody is writing); freed: until the hub has read them
 *   future                 nobody may write to it any more but who has it mapped
 *   unmapped=FILE          it is mapped here no more, but open, until FILE is there
 *   wait=FILE              until it is there
 *   path                   from here on by the path, not by the abstract name
 *   fork=WORD              in a child, and waits for it; child=WORD: and does not; raw=WORD: nor says HELLO (no fork handler)
 *
 * Values: residue (bytes) sites follows idle total (ms) number level format stderr (1) fill (1: until its queue is full).
 */
#include "hub/message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PEERS_MAX = 12000, WRITTEN = 1000, WAIT_MS = 10000 };

static struct {
	unsigned version, uid, has_log;
	int pid;
	char name[HUB_NAME_MAX], token[2 * TOKEN_BYTES + 1], folder[HUB_FOLDER_MAX];
	unsigned char key[TOKEN_BYTES];
	bool by_path;
} hub;

static struct {
	unsigned residue, follows, idle, total, number, level, format, use_stderr, fill;
	const char *sites;
} say = {.idle = 5000, .total = 30000, .number = 16384, .level = LEVEL_DEBUG, .sites = ""};

static int peers[PEERS_MAX]; /* by id */
static unsigned last_id;

static void die(const char *what)
{
	perror(what);
	exit(99);
}

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static uint64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void find_hub(void)
{
	const char *text = getenv(HUB_VARIABLE);
	if (!text || sscanf(text, "%u:%d:%u:%*d:%39[^:]:%32[^:]:%79[^:]", &hub.version, &hub.pid, &hub.uid,
			    hub.name, hub.token, hub.folder) < 5) {
		fprintf(stderr, "no hub\n");
		exit(98);
	}
	for (int i = 0; i < TOKEN_BYTES; i++) {
		unsigned byte;
		sscanf(hub.token + 2 * i, "%2x", &byte);
		hub.key[i] = (unsigned char)byte;
	}
}

/* --- a message --- */

static int connect_to_hub(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = sizeof address;
	struct ucred listener;
	socklen_t listener_size = sizeof listener;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (hub.by_path) {
		snprintf(address.sun_path, sizeof address.sun_path, "%s/" HUB_SOCKET_FILE, hub.folder);
	} else {
		memcpy(address.sun_path + 1, hub.name, strlen(hub.name));
		size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(hub.name));
	}
	if (connect(fd, (struct sockaddr *)&address, size) != 0) {
		close(fd);
		return -1;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &listener, &listener_size) != 0 ||
	    listener.pid != hub.pid)
		printf("a listener that is not the hub: %d\n", (int)listener.pid);
	return fd;
}

static bool send_bytes(const void *bytes, size_t size, const int *fds, unsigned count)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(8 * sizeof(int))];
	} control;
	struct iovec piece = {(void *)bytes, size};
	struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
	int fd = connect_to_hub();
	if (fd < 0)
		return false;
	if (count) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(count * sizeof(int)),
						  .cmsg_level = SOL_SOCKET,
						  .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	}
	bool sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size;
	close(fd);
	return sent;
}

static struct message_head head_of(enum message_kind kind, size_t size)
{
	struct message_head head = {
		.magic = MESSAGE_MAGIC, .version = MESSAGE_VERSION, .kind = kind, .size = (uint32_t)size};
	memcpy(head.token, hub.key, TOKEN_BYTES);
	return head;
}

static void say_short(enum message_kind kind, const char *text)
{
	char bytes[8192];
	size_t size = sizeof(struct message_head) + strlen(text);
	struct message_head head = head_of(kind, size);
	memcpy(bytes, &head, sizeof head);
	memcpy(bytes + sizeof head, text, strlen(text));
	if (!send_bytes(bytes, size, NULL, 0))
		printf("not sent\n");
}

static void say_tls(const char *program)
{
	struct message_tls message = {.head = head_of(MESSAGE_TLS, sizeof message),
				      .teller = {.pid = getpid(), .format = say.format}};
	memcpy(message.teller.program, program, strnlen(program, sizeof message.teller.program));
	if (!send_bytes(&message, sizeof message, NULL, 0))
		printf("not sent\n");
}

/* --- sockets --- */

/* A listener for all: what is accepted next is the other end of what was connected before. */
static void make_pair(int pair[2])
{
	static struct sockaddr_in address;
	static int listener = -1;
	socklen_t size = sizeof address;
	if (listener < 0) {
		listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		address = (struct sockaddr_in){.sin_family = AF_INET,
					       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 64) ||
		    getsockname(listener, (struct sockaddr *)&address, &size))
			die("listen");
	}
	pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (pair[0] < 0 || connect(pair[0], (struct sockaddr *)&address, sizeof address))
		die("connect");
	pair[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (pair[1] < 0)
		die("accept");
}

static void write_some(int fd)
{
	static char bytes[65536];
	if (write(fd, bytes, WRITTEN) != WRITTEN)
		die("write");
	while (say.fill && send(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
		;
}

static struct message_hold *make_hold(unsigned id, int fd, size_t *size)
{
	static _Alignas(16) unsigned char bytes[MESSAGE_MAX + 8192];
	struct message_hold *message = (void *)bytes;
	size_t sites = strlen(say.sites);
	socklen_t address_size = sizeof(union endpoint), other_size = address_size;
	*size = sizeof *message + say.residue + sites;
	*message = (struct message_hold){.head = head_of(MESSAGE_HOLD, *size)};
	struct hold *hold = &message->hold;
	hold->id = id;
	hold->pid = getpid();
	hold->number = say.number;
	strcpy(hold->program, "client");
	hold->level = say.level;
	hold->tells = true;
	hold->to_stderr = say.use_stderr;
	hold->format = say.format;
	hold->follows = say.follows != 0;
	hold->follows_ms = say.follows;
	hold->tracked_us = now_us();
	hold->who =
		(struct event_who){.number = id, .fd = fd, .transport = TRANSPORT_TCP, .role = ROLE_CLIENT};
	getsockname(fd, (struct sockaddr *)&hold->who.local, &address_size);
	getpeername(fd, (struct sockaddr *)&hold->who.peer, &other_size);
	hold->end = (struct event_end){.close_paths = PATH_CLOSE,
				       .close_notify = BY_TLSBYE,
				       .handshake = true,
				       .socket_known = true,
				       .writes_seen = true,
				       .bytes_written = WRITTEN};
	hold->drain.limits = (struct drain_limits){say.idle * 1000ull, say.total * 1000ull, 1ull << 30,
						   3600ull * 1000 * 1000};
	hold->drain.reads = true;
	hold->residue_length = say.residue;
	hold->sites_length = (uint32_t)sites;
	memset(bytes + sizeof *message, 'r', say.residue);
	memcpy(bytes + sizeof *message + say.residue, say.sites, sites);
	return message;
}

static bool hand_over(unsigned id)
{
	int pair[2];
	size_t size;
	make_pair(pair);
	write_some(pair[0]);
	const struct message_hold *message = make_hold(id, pair[0], &size);
	int fds[2] = {pair[0], 2};
	bool sent = send_bytes(message, size, fds, say.use_stderr ? 2 : 1);
	close(pair[0]);
	if (id < PEERS_MAX)
		peers[id] = pair[1];
	return sent;
}

/* Until the stream's end, or so long that there is none. */
static void read_to_end(unsigned id)
{
	char bytes[65536];
	long total = 0;
	ssize_t n;
	struct timeval patience = {WAIT_MS / 1000, 0};
	setsockopt(peers[id], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	while ((n = read(peers[id], bytes, sizeof bytes)) > 0)
		total += n;
	printf("%u: %ld bytes, %s\n", id, total, n == 0 ? "end" : errno == EAGAIN ? "still open" : "reset");
}

static void end_peer(unsigned id, bool reset)
{
	struct linger none = {1, 0};
	if (reset)
		setsockopt(peers[id], SOL_SOCKET, SO_LINGER, &none, sizeof none);
	close(peers[id]);
}

static void say_spoken(unsigned id)
{
	static const char text[] = "spoken";
	char bytes[sizeof(struct message_spoken) + sizeof text];
	size_t size = sizeof(struct message_spoken) + sizeof text - 1;
	struct message_spoken spoken = {.head = head_of(MESSAGE_SPOKEN, size),
					.speech = {.id = id,
						   .pid = getpid(),
						   .reason = MAY_SPEAK,
						   .said_bytes = sizeof text - 1,
						   .residue_length = sizeof text - 1}};
	memcpy(bytes, &spoken, sizeof spoken);
	memcpy(bytes + sizeof spoken, text, sizeof text - 1);
	if (!send_bytes(bytes, size, NULL, 0))
		printf("not sent\n");
}

static void hand_over_many(unsigned count)
{
	unsigned sent = 0;
	uint64_t worst = 0;
	for (unsigned i = 0; i < count; i++) {
		uint64_t before = now_us();
		hub.by_path = false;
		bool gone = hand_over(++last_id);
		if (!gone && *hub.folder) { /* its queue is full: the other's may not be */
			hub.by_path = true;
			gone = hand_over(last_id);
		}
		sent += gone;
		if (now_us() - before > worst)
			worst = now_us() - before;
	}
	hub.by_path = false;
	printf("many: %u sent, blocked %d\n", sent, worst > WAIT_MS * 1000ull / 2);
}

/* --- as nobody should --- */

static void break_message(struct message_hold *message, size_t *size, const char *what)
{
	struct message_head *head = &message->head;
	if (!strcmp(what, "garbage"))
		memset(message, 0xa5, *size);
	else if (!strcmp(what, "version"))
		head->version++;
	else if (!strcmp(what, "token"))
		head->token[TOKEN_BYTES - 1] ^= 1;
	else if (!strcmp(what, "kind"))
		head->kind = 77;
	else if (!strcmp(what, "size"))
		head->size++;
	else if (!strcmp(what, "truncated"))
		head->size = (uint32_t)(*size = sizeof *message / 2);
	else if (!strcmp(what, "short"))
		*size = 3;
	else if (!strcmp(what, "large"))
		head->size = (uint32_t)(*size = MESSAGE_MAX + 4096);
	else if (!strcmp(what, "residue"))
		message->hold.residue_length = UINT32_MAX;
	else if (!strcmp(what, "enum"))
		message->hold.end.why = (enum reason)REASON_COUNT;
	else if (!strcmp(what, "bool"))
		memset(&message->hold.drain.held_back, 2, 1);
	else if (!strcmp(what, "control"))
		strcpy(message->hold.program, "a\nforged line");
	else if (!strcmp(what, "forever"))
		message->hold.drain.limits.total_us = UINT64_MAX;
}

/* A HOLD that is believed stays open, since its peer does; one that is not is closed at once. */
static void say_bad(const char *what)
{
	int pair[2], pipe_ends[2], fds[3];
	unsigned count = 1;
	size_t size;
	make_pair(pair);
	write_some(pair[0]);
	struct message_hold *message = make_hold(++last_id, pair[0], &size);
	message->hold.follows = true; /* without a FIN of the hub's: only its close ends the stream */
	message->hold.follows_ms = 60000;
	fds[0] = fds[1] = fds[2] = pair[0];
	if (!strcmp(what, "none"))
		count = 0;
	else if (!strcmp(what, "surplus"))
		count = 3;
	else if (!strcmp(what, "pipe") && pipe(pipe_ends) == 0)
		fds[0] = pipe_ends[1];
	break_message(message, &size, what);
	if (!send_bytes(message, size, fds, count))
		printf("not sent\n");
	close(pair[0]);
	char bytes[WRITTEN];
	struct timeval patience = {WAIT_MS / 5000, 0};
	setsockopt(pair[1], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	ssize_t n = read(pair[1], bytes, sizeof bytes);
	n = read(pair[1], bytes, sizeof bytes);
	printf("bad %s: %s\n", what, n == 0 ? "dropped" : "held");
	close(pair[1]);
}

static void connect_silently(unsigned count)
{
	while (count--)
		if (dup(connect_to_hub()) < 0)
			printf("not connected\n");
}

static void await(void)
{
	struct message_head head = head_of(MESSAGE_AWAIT, sizeof head);
	struct timeval patience = {WAIT_MS / 1000, 0};
	char byte;
	int fd = connect_to_hub();
	fcntl(fd, F_SETFL, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	bool told = send(fd, &head, sizeof head, MSG_NOSIGNAL) == sizeof head && recv(fd, &byte, 1, 0) == 0;
	printf("await: %s\n", told ? "told" : "not told");
	close(fd);
}

/* --- mailboxes --- */

static struct mailbox *mailbox;
static int mailbox_fd = -1;

static void make_mailbox(const char *what)
{
	off_t size = sizeof *mailbox;
	int seals = F_SEAL_SHRINK | F_SEAL_GROW;
	if (!strcmp(what, "small"))
		size /= 2;
	else if (!strcmp(what, "large"))
		size *= 2;
	else if (!strcmp(what, "unsealed"))
		seals = F_SEAL_GROW;
	else if (!strcmp(what, "final"))
		seals |= F_SEAL_SEAL;
	mailbox_fd = strcmp(what, "file") != 0 ? memfd_create("mailbox", MFD_CLOEXEC | MFD_ALLOW_SEALING)
					       : open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (mailbox_fd < 0 || ftruncate(mailbox_fd, size) != 0 ||
	    (strcmp(what, "file") != 0 && fcntl(mailbox_fd, F_ADD_SEALS, seals) != 0))
		die("mailbox");
	mailbox = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, mailbox_fd, 0);
	struct message_head head = head_of(MESSAGE_MAILBOX, sizeof head);
	if (mailbox == MAP_FAILED || !send_bytes(&head, sizeof head, &mailbox_fd, strcmp(what, "none") != 0))
		die("mailbox");
}

static void put_line(const char *text)
{
	for (int i = 0; i < MAILBOX_LINES; i++) {
		uint32_t unused = MAILBOX_FREE;
		if (!atomic_compare_exchange_strong(&mailbox->lengths[i], &unused, MAILBOX_WRITING))
			continue;
		snprintf(mailbox->lines[i], LINE_MAX_BYTES, "%s\n", text);
		atomic_store(&mailbox->lengths[i], strlen(text) + 1);
		return;
	}
	mailbox->lost++;
	printf("full\n");
}

static void say_lengths(unsigned length)
{
	for (int i = 0; i < MAILBOX_LINES; i++)
		atomic_store(&mailbox->lengths[i], length);
}

static void wait_until_freed(void)
{
	for (int i = 0; i < MAILBOX_LINES; i++)
		while (atomic_load(&mailbox->lengths[i]) != MAILBOX_FREE)
			sleep_ms(1);
}

/* --- words --- */

static void do_word(char *word);

static void in_child(char *word, bool wait_for_it)
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		do_word(word);
		exit(0);
	}
	if (wait_for_it)
		waitpid(pid, NULL, 0);
}

static void in_raw_child(char *word)
{
	fflush(stdout);
	if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) != 0)
		return;
	do_word(word);
	_exit(0);
}

static void wait_for_file(const char *path)
{
	while (access(path, F_OK) != 0)
		sleep_ms(10);
}

static bool set_value(const char *name, const char *value)
{
	const struct {
		const char *name;
		unsigned *at;
	} values[] = {{"residue", &say.residue}, {"follows", &say.follows},   {"idle", &say.idle},
		      {"total", &say.total},     {"number", &say.number},     {"level", &say.level},
		      {"format", &say.format},   {"stderr", &say.use_stderr}, {"fill", &say.fill}};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		if (!strcmp(name, values[i].name)) {
			*values[i].at = (unsigned)atoi(value);
			return true;
		}
	if (strcmp(name, "sites") != 0)
		return false;
	say.sites = value;
	return true;
}

static bool act_with(const char *name, char *value)
{
	unsigned number = (unsigned)atoi(value);
	char line[5000];
	if (!strcmp(name, "line")) {
		snprintf(line, sizeof line, "%s\n", value);
		say_short(MESSAGE_LINE, line);
	} else if (!strcmp(name, "tls"))
		say_tls(value);
	else if (!strcmp(name, "again"))
		hand_over(number);
	else if (!strcmp(name, "spoken"))
		say_spoken(number);
	else if (!strcmp(name, "read"))
		read_to_end(number);
	else if (!strcmp(name, "close"))
		end_peer(number, false);
	else if (!strcmp(name, "reset"))
		end_peer(number, true);
	else if (!strcmp(name, "many"))
		hand_over_many(number);
	else if (!strcmp(name, "silent"))
		connect_silently(number);
	else if (!strcmp(name, "bad"))
		say_bad(value);
	else if (!strcmp(name, "wait"))
		wait_for_file(value);
	else if (!strcmp(name, "mailbox"))
		make_mailbox(value);
	else if (!strcmp(name, "put"))
		put_line(value);
	else if (!strcmp(name, "slots"))
		say_lengths(number);
	else if (!strcmp(name, "unmapped")) {
		munmap(mailbox, sizeof *mailbox);
		wait_for_file(value);
	} else if (!strcmp(name, "raw"))
		in_raw_child(value);
	else if (!strcmp(name, "fork") || !strcmp(name, "child"))
		in_child(value, *name == 'f');
	else
		return false;
	return true;
}

static void do_word(char *word)
{
	char *value = strchr(word, '=');
	if (value) {
		*value++ = '\0';
		if (!set_value(word, value) && !act_with(word, value))
			die(word);
	} else if (!strcmp(word, "hub"))
		printf("hub %d %s\n", hub.pid, hub.folder);
	else if (!strcmp(word, "hello"))
		say_short(MESSAGE_HELLO, "");
	else if (!strcmp(word, "bye"))
		say_short(MESSAGE_BYE, "");
	else if (!strcmp(word, "await"))
		await();
	else if (!strcmp(word, "future"))
		fcntl(mailbox_fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE);
	else if (!strcmp(word, "freed"))
		wait_until_freed();
	else if (!strcmp(word, "path"))
		hub.by_path = true;
	else if (strcmp(word, "hold") != 0)
		die(word);
	else if (!hand_over(++last_id))
		printf("not sent\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	find_hub();
	for (int i = 1; i < argc; i++)
		do_word(argv[i]);
	return 0;
}
