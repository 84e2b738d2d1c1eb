/* SPDX-License-Identifier: MIT */
/* See hub_messages.h. */
#include "hub_messages.h"

#include "fuzz.h"

#include "sys/clock.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OPEN_MOST = 400, MAPPED_MOST = 64, SITES_FROM = 128, PEER_BYTES = 100 };

const unsigned char hub_messages_token[TOKEN_BYTES] = "0123456789abcde";

static int opened[OPEN_MOST];
static unsigned opened_count;
static struct mailbox *mapped[MAPPED_MOST];
static unsigned mapped_count;
static uint64_t last_id;

static int keep(int fd)
{
	fuzz_must(fd >= 0 && opened_count < OPEN_MOST);
	return opened[opened_count++] = fd;
}

void hub_messages_forget(void)
{
	while (opened_count)
		close(opened[--opened_count]);
	while (mapped_count)
		munmap(mapped[--mapped_count], sizeof **mapped);
	last_id = 0;
}

/* --- what goes with a message --- */

static void make_tcp_pair(int pair[2])
{
	static struct sockaddr_in address;
	static int listener = -1;
	socklen_t size = sizeof address;
	if (listener < 0) {
		address = (struct sockaddr_in){.sin_family = AF_INET,
					       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		fuzz_must(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 8) == 0);
		getsockname(listener, (struct sockaddr *)&address, &size);
	}
	pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fuzz_must(connect(pair[0], (struct sockaddr *)&address, sizeof address) == 0);
	pair[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
}

static int make_socket(bool tcp, bool peer_ends)
{
	static const char bytes[PEER_BYTES];
	struct linger none = {
		1, 0}; /* a reset: nothing waits in TIME_WAIT, or ten thousand inputs take all ports */
	int pair[2];
	if (tcp)
		make_tcp_pair(pair);
	else
		fuzz_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	keep(pair[1]);
	if (tcp)
		setsockopt(pair[1], SOL_SOCKET, SO_LINGER, &none, sizeof none);
	fuzz_must(send(pair[1], bytes, sizeof bytes, MSG_NOSIGNAL) == sizeof bytes);
	if (peer_ends)
		shutdown(pair[1], SHUT_WR);
	return keep(pair[0]);
}

static int make_pipe(void)
{
	int pair[2];
	fuzz_must(pipe2(pair, O_CLOEXEC) == 0);
	keep(pair[1]);
	return keep(pair[0]);
}

static int make_stderr(void)
{
	return keep(open("/dev/null", O_WRONLY | O_CLOEXEC));
}

/* The tail is a line in it, and the changes are to its head: they come after. */
static int make_mailbox(const uint8_t *tail, size_t length, struct mailbox **mailbox)
{
	int fd = keep(memfd_create("mailbox", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	fuzz_must(mapped_count < MAPPED_MOST && ftruncate(fd, sizeof **mailbox) == 0 &&
		  fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0);
	*mailbox = mmap(NULL, sizeof **mailbox, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	fuzz_must(*mailbox != MAP_FAILED);
	mapped[mapped_count++] = *mailbox;
	for (unsigned i = 0; i < 2; i++) {
		memcpy((*mailbox)->lines[i], tail, length < LINE_MAX_BYTES ? length : LINE_MAX_BYTES);
		(*mailbox)->lengths[i] = (uint32_t)length;
	}
	return fd;
}

static enum what_goes usual_of(uint32_t kind)
{
	if (kind == MESSAGE_HOLD)
		return GOES_UNIX;
	return kind == MESSAGE_MAILBOX ? GOES_MAILBOX : GOES_NOTHING;
}

static void add_descriptors(struct made_message *message, enum what_goes what, bool peer_ends, int mailbox)
{
	int *fds = message->fds;
	unsigned count = 0;
	if (what == GOES_UNIX || what == GOES_STDERR || what == GOES_TCP || what == GOES_MANY)
		fds[count++] = make_socket(what == GOES_TCP, peer_ends);
	if (what == GOES_STDERR)
		fds[count++] = make_stderr();
	if (what == GOES_PIPE)
		fds[count++] = make_pipe();
	if (what == GOES_MAILBOX)
		fds[count++] = mailbox;
	while (what == GOES_MANY && count < MADE_DESCRIPTORS)
		fds[count] = fds[count - 1], count++;
	message->descriptors = count;
}

/* --- bodies --- */

static _Alignas(16) unsigned char bytes[sizeof(struct message_hold) + UINT16_MAX + 1];

static size_t name_program(char name[EVENT_PROGRAM_MAX], const uint8_t *tail, size_t length)
{
	memset(name, 0, EVENT_PROGRAM_MAX);
	memcpy(name, tail, length < EVENT_PROGRAM_MAX ? length : EVENT_PROGRAM_MAX);
	return 0; /* nothing of the tail comes after */
}

static void make_hold_body(struct hold *hold, size_t tail, int local)
{
	*hold = (struct hold){
		.id = ++last_id % 4, .pid = getpid(), .number = 1024, .program = "client", .tells = true};
	hold->level = LEVEL_DEBUG;
	hold->to_stderr = local;
	hold->tracked_us = clock_us();
	hold->who = (struct event_who){.number = 1, .fd = 5, .transport = TRANSPORT_TCP, .role = ROLE_CLIENT};
	hold->end = (struct event_end){.close_paths = PATH_CLOSE,
				       .close_notify = BY_TLSBYE,
				       .handshake = true,
				       .socket_known = true,
				       .writes_seen = true};
	hold->drain.limits = (struct drain_limits){5000000, 30000000, 1 << 30, 2000000};
	hold->drain.reads = true;
	hold->residue_length = (uint32_t)(tail > SITES_FROM ? tail - SITES_FROM : 0);
	hold->sites_length = (uint32_t)tail - hold->residue_length;
}

/* How much of the tail comes after it? *base is what the changes are to, of so many bytes. */
static size_t make_body(struct message_head *head, enum what_goes what, bool named, const uint8_t *tail,
			size_t length, size_t *base)
{
	size_t after = length;
	*base = sizeof *head;
	if (head->kind == MESSAGE_HOLD) {
		struct message_hold *message = (void *)head;
		*base = sizeof *message;
		make_hold_body(&message->hold, named ? 0 : length, what == GOES_STDERR);
		after = named ? name_program(message->hold.program, tail, length) : length;
	} else if (head->kind == MESSAGE_SPOKEN) {
		struct message_spoken *message = (void *)head;
		*base = sizeof *message;
		message->speech = (struct hold_speech){.id = length % 4, .residue_length = (uint32_t)length};
	} else if (head->kind == MESSAGE_TLS) {
		struct message_tls *message = (void *)head;
		*base = sizeof *message;
		message->teller = (struct teller){.pid = getpid(), .format = (enum log_format)named};
		after = name_program(message->teller.program, tail, length);
	} else if (head->kind != MESSAGE_LINE) {
		after = 0;
	}
	memcpy((unsigned char *)head + *base, tail, after);
	return after;
}

static void change(unsigned char *base, size_t size, const uint8_t *changes, size_t length)
{
	for (; length >= 4; changes += 4, length -= 4) {
		size_t where = (changes[0] | (size_t)changes[1] << 8) % size;
		uint32_t word = changes[3] == 2 ? UINT32_MAX : changes[2];
		size_t width = changes[3] ? sizeof word : 1;
		memcpy(base + where, &word, width < size - where ? width : size - where);
	}
}

void hub_messages_make(struct made_message *message, const uint8_t **data, size_t *size)
{
	uint32_t kind = fuzz_byte(data, size) % (MESSAGE_TLS + 2);
	uint8_t how = fuzz_byte(data, size);
	const uint8_t *changes, *tail;
	size_t changed = fuzz_bytes(data, size, fuzz_byte(data, size) * (size_t)4, &changes);
	size_t most = fuzz_byte(data, size);
	size_t length = fuzz_bytes(data, size, most | (size_t)fuzz_byte(data, size) << 8, &tail), base;
	enum what_goes what = (enum what_goes)(how % 8);
	struct message_head *head = (void *)bytes;
	struct mailbox *mailbox = NULL;
	int mailbox_fd = -1;

	if (what == GOES_USUAL)
		what = usual_of(kind);
	if (what == GOES_MAILBOX)
		mailbox_fd = make_mailbox(tail, length, &mailbox);
	*head = (struct message_head){.magic = MESSAGE_MAGIC, .version = MESSAGE_VERSION, .kind = kind};
	memcpy(head->token, hub_messages_token, sizeof head->token);
	length = make_body(head, what, how & HOW_NAMED, tail, length, &base);
	*message = (struct made_message){.bytes = bytes, .size = base + length, .silent = how & HOW_SILENT};
	head->size = (uint32_t)message->size;
	add_descriptors(message, what, how & HOW_PEER_ENDS, mailbox_fd);
	if (mailbox)
		change((void *)mailbox, offsetof(struct mailbox, lines), changes, changed);
	else
		change(bytes, base, changes, changed);
	if (how & HOW_CUT)
		message->size -= length < message->size ? length : message->size;
	message->later_us = how & HOW_LATER ? 60000000 : 0;
}
