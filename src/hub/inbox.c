/* SPDX-License-Identifier: MIT */
/* See inbox.h. */
#include "hub/inbox.h"

#include "sys/clock.h"
#include "sys/kernel.h"
#include "hub/holds.h"
#include "hub/hub_log.h"
#include "hub/mailboxes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	ACCEPTS_AT_ONCE = 64,
	BACKLOG = 65535,     /* as many as the kernel likes (net.core.somaxconn) */
	ALL_AT_MOST = 16384, /* inbox_take_all: more than two backlogs */
	WAITING_MAX = 256,
	WAITING_MAX_US = 1000 * 1000,
	DESCRIPTORS_MAX = 4,    /* with a message: the kernel closes what does not fit */
	OTHER_DESCRIPTORS = 16, /* of the hub's own */
};

static struct listener {
	struct source source;
	int fd;
} listeners[2] = {{.fd = -1}, {.fd = -1}};

/* A connection that has said nothing yet. */
struct waiting {
	struct source source;
	struct waiting *older, *newer;
	uint64_t since_us;
	int fd;
};
static struct waiting *oldest, *newest;
static unsigned waiting_count;

static unsigned char our_token[TOKEN_BYTES];
static uint64_t dropped[MESSAGE_FAULT_COUNT];

/* --- a message --- */

struct received {
	size_t size;
	unsigned descriptors;
	int fds[DESCRIPTORS_MAX];
	bool cut;
};
static _Alignas(16) unsigned char bytes[MESSAGE_MAX];

static void note_descriptors(struct msghdr *header, struct received *received)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		received->descriptors = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(received->fds, CMSG_DATA(c), received->descriptors * sizeof(int));
	}
}

/* 1: here it is, or what recvmsg() takes for the end (then it is empty); 0: not yet; -1: there will be none. */
static int look_once(int connection, struct received *received)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
	} control;
	struct iovec piece = {bytes, sizeof bytes};
	struct msghdr header = {.msg_iov = &piece,
				.msg_iovlen = 1,
				.msg_control = &control,
				.msg_controllen = sizeof control};
	/* Not libc's, which another preload of the user's may hook: torsocks ends a process that is passed a socket. */
	long size = kernel_raw.recvmsg(connection, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (size == -EAGAIN || size == -EINTR)
		return 0;
	if (size < 0)
		return -1;
	*received =
		(struct received){.size = (size_t)size, .cut = header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)};
	note_descriptors(&header, received);
	return 1;
}

/* An empty message may bring some, too. */
static bool is_empty(const struct received *received)
{
	return !received->size && !received->descriptors;
}

/*
 * Linux looks for a message first, and for the sender's end after it (unix_dgram_recvmsg()): where the sender sends and goes
 * between the two, the end is told while the message is queued. After the end none can be added: the second look is true.
 */
static int receive(int connection, struct received *received)
{
	int come = look_once(connection, received);
	if (come > 0 && is_empty(received))
		come = look_once(connection, received);
	return come > 0 && is_empty(received) ? -1 : come;
}

/* The connection is the process's, where that awaits something: *kept. */
static enum message_fault take_of(struct process *process, int connection, const struct received *received,
				  bool *kept)
{
	const struct message_head *head = (const void *)bytes;
	switch ((enum message_kind)head->kind) {
	case MESSAGE_HELLO: /* of a process, or of the program that it became by exec */
		process->teller.pid = 0;
		process->used_tls = process->said_bye = process->cut_off = false;
		holds_nothing_follows(process);
		return MESSAGE_GOOD;
	case MESSAGE_LINE:
		hub_log_line((const char *)(head + 1), received->size - sizeof *head);
		return MESSAGE_GOOD;
	case MESSAGE_HOLD:
		process->used_tls = true;
		return holds_take(process, (const void *)bytes, received->fds[0],
				  received->descriptors > 1 ? received->fds[1] : -1);
	case MESSAGE_SPOKEN:
		return holds_spoken(process, (const void *)bytes);
	case MESSAGE_AWAIT:
		processes_await(process, connection);
		*kept = true;
		return MESSAGE_GOOD;
	case MESSAGE_BYE:
		process->said_bye = true;
		return MESSAGE_GOOD;
	case MESSAGE_MAILBOX:
		process->cut_off = true;
		return mailboxes_take(process->pid, received->fds[0]);
	case MESSAGE_TLS:
		process->used_tls = true;
		process->said_bye = false; /* the exec that it was said for has failed */
		process->teller = ((const struct message_tls *)(const void *)bytes)->teller;
		return MESSAGE_GOOD;
	}
	return MESSAGE_BAD_KIND;
}

/* The connection has said all that it may: it is closed, or kept for an answer. */
static void take(int connection, const struct received *received)
{
	bool kept = false;
	enum message_fault fault =
		received->cut ? MESSAGE_BAD_SIZE
			      : message_check(bytes, received->size, received->descriptors, our_token);
	struct process *process = fault == MESSAGE_GOOD ? processes_of(connection) : NULL;
	if (fault == MESSAGE_GOOD && !process)
		fault = MESSAGE_NO_ROOM;
	if (process) {
		fault = take_of(process, connection, received,
				&kept); /* whose descriptors are its own, from here on */
		process->in_use = false;
		processes_let_go(process);
	} else {
		for (unsigned i = 0; i < received->descriptors; i++)
			close(received->fds[i]);
	}
	if (!kept)
		close(connection);
	dropped[fault] += fault != MESSAGE_GOOD;
}

/* --- those who have not spoken yet --- */

/* The connection goes on, or to its end, elsewhere. */
static int unlist(struct waiting *waiting)
{
	int connection = waiting->fd;
	*(waiting->older ? &waiting->older->newer : &oldest) = waiting->newer;
	*(waiting->newer ? &waiting->newer->older : &newest) = waiting->older;
	waiting_count--;
	watch_remove(waiting->fd, &waiting->source);
	watch_retire(waiting);
	return connection;
}

static void forget_silent(struct waiting *waiting)
{
	dropped[MESSAGE_NONE_CAME]++;
	close(unlist(waiting));
}

static void on_message(struct source *source, uint32_t events)
{
	struct waiting *waiting = (struct waiting *)source;
	struct received received;
	int come = receive(waiting->fd, &received);
	(void)events;
	if (come > 0)
		take(unlist(waiting), &received);
	else if (come < 0)
		forget_silent(waiting);
}

static void wait_for(int connection)
{
	struct waiting *waiting = calloc(1, sizeof *waiting);
	if (waiting_count >= WAITING_MAX)
		forget_silent(oldest);
	if (waiting)
		*waiting = (struct waiting){
			.source = {on_message}, .older = newest, .since_us = clock_us(), .fd = connection};
	if (!waiting || !watch_add(connection, EPOLLIN, &waiting->source)) {
		free(waiting);
		close(connection);
		dropped[MESSAGE_NO_ROOM]++;
		return;
	}
	*(newest ? &newest->newer : &oldest) = waiting;
	newest = waiting;
	waiting_count++;
}

/* A message that came earlier is taken earlier: SPOKEN must not overtake its HOLD, nor BYE a LINE. */
static void take_waiting(void)
{
	for (struct waiting *one = oldest, *next; one; one = next) {
		next = one->newer;
		on_message(&one->source, EPOLLIN);
	}
}

uint64_t inbox_look(uint64_t now_us)
{
	while (oldest && now_us >= oldest->since_us + WAITING_MAX_US)
		forget_silent(oldest);
	return oldest ? oldest->since_us + WAITING_MAX_US : UINT64_MAX;
}

unsigned inbox_waiting(void)
{
	return waiting_count;
}

/* --- the listeners --- */

static bool accept_one(int listener)
{
	struct received received;
	holds_make_room(OTHER_DESCRIPTORS + waiting_count + processes_alive() + mailboxes_count(),
			1 + DESCRIPTORS_MAX);
	int connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (connection < 0)
		return false;
	take_waiting();
	int come = receive(connection, &received);
	if (come > 0) {
		take(connection, &received);
	} else if (come == 0) {
		wait_for(connection);
	} else {
		dropped[MESSAGE_NONE_CAME]++;
		close(connection);
	}
	return true;
}

static void on_connection(struct source *source, uint32_t events)
{
	struct listener *listener = (struct listener *)source;
	(void)events;
	for (int i = 0; i < ACCEPTS_AT_ONCE && accept_one(listener->fd); i++)
		;
}

void inbox_take_all(void)
{
	for (int i = 0; i < 2; i++)
		for (int n = 0; n < ALL_AT_MOST && listeners[i].fd >= 0 && accept_one(listeners[i].fd); n++)
			;
	take_waiting();
}

/* Who connects from here on is refused, and goes another way; who is queued already is still taken. */
void inbox_end(void)
{
	for (int i = 0; i < 2; i++)
		if (listeners[i].fd >= 0)
			shutdown(listeners[i].fd, SHUT_RDWR);
	inbox_take_all();
}

/* listen() is ours to call: SO_PEERCRED tells who connects that it is the hub who listens. */
bool inbox_begin(const int sockets[2], const unsigned char token[TOKEN_BYTES])
{
	bool any = false;
	memcpy(our_token, token, sizeof our_token);
	for (int i = 0; i < 2; i++) {
		if (sockets[i] < 0 || listen(sockets[i], BACKLOG) != 0)
			continue;
		listeners[i] = (struct listener){{on_connection}, sockets[i]};
		any |= watch_add(sockets[i], EPOLLIN, &listeners[i].source);
	}
	return any;
}

uint64_t inbox_dropped(enum message_fault fault)
{
	return dropped[fault];
}
