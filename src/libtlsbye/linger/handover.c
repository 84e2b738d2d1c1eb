/* SPDX-License-Identifier: MIT */
/*
 * The hand-over (handover.h). The inbox is a datagram socket in the abstract namespace, named by the kernel: no file,
 * no name to agree on, nothing left behind. Anybody on the machine could write to it; what does not come from this
 * process, by the kernel's word (SCM_CREDENTIALS), is thrown away unread.
 */
#include "linger/handover.h"

#include "connection/process.h"
#include "sys/real.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>

static struct sockaddr_un inbox_address;
static socklen_t inbox_address_size;

int handover_open_inbox(void)
{
	int inbox = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (inbox < 0)
		return -1;
	struct sockaddr_un any = {.sun_family = AF_UNIX};
	int on = 1;
	inbox_address_size = sizeof inbox_address;
	if (setsockopt(inbox, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0 &&
	    real_bind(inbox, (struct sockaddr *)&any, sizeof any.sun_family) == 0 && /* autobind, unix(7) */
	    getsockname(inbox, (struct sockaddr *)&inbox_address, &inbox_address_size) == 0)
		return inbox;
	real.close(inbox);
	return -1;
}

/* The queue of a datagram socket is short (net.unix.max_dgram_qlen): wait a little where it is full. */
static bool send_patiently(int sender, const struct msghdr *message)
{
	ssize_t sent = real.sendmsg(sender, message, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0 && errno == EAGAIN) {
		struct timeval patience = {.tv_usec = 100000};
		setsockopt(sender, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
		sent = real.sendmsg(sender, message, MSG_NOSIGNAL);
	}
	return sent >= 0;
}

/* socket() takes the lowest number, which is the one that other threads may look at, or count on: not for long. */
static int open_sender(void)
{
	int low = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (low < 0)
		return -1;
	process_lends(low);
	int sender = process_lends_copy(low);
	if (sender < 0)
		return low;
	process_takes_back(low);
	return sender;
}

static bool send_message(int fd, const struct request *request)
{
	int sender = open_sender();
	if (sender < 0)
		return false;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS,
				.cmsg_len = CMSG_LEN(sizeof(int))}};
	memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
	struct iovec content = {(void *)(uintptr_t)request, sizeof *request};
	struct msghdr message = {.msg_name = &inbox_address,
				 .msg_namelen = inbox_address_size,
				 .msg_iov = &content,
				 .msg_iovlen = 1,
				 .msg_control = control.space,
				 .msg_controllen = sizeof control.space};
	bool sent = send_patiently(sender, &message);
	process_takes_back(sender);
	return sent;
}

/* --- the second way --- */

/* No signal that anybody uses: the kernel does not raise it, and it is directed to our thread alone. */
enum { BELL_SIGNAL = SIGSTKFLT, FETCHED_WITHIN_MS = 100, TURNS = 50 };
enum { FETCH_FREE, FETCH_FILLING, FETCH_POSTED, FETCH_RUNNING, FETCH_DONE, FETCH_FAILED };

static struct {
	_Atomic uint32_t state; /* a futex */
	int fd;
	struct request request;
} fetch;
static _Atomic pid_t thread;
static _Atomic bool rung; /* our signal is pending for the thread */

int handover_open_bell(void)
{
	sigset_t bell;
	sigemptyset(&bell);
	sigaddset(&bell, BELL_SIGNAL);
	atomic_store(&fetch.state, FETCH_FREE);
	atomic_store(&thread, (pid_t)syscall(SYS_gettid));
	return signalfd(-1, &bell, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* One at a time. Signals are blocked here: no handler waits for the thread that it interrupted. */
static bool take_turn(void)
{
	for (int turn = 0; turn < TURNS; turn++) {
		uint32_t now = FETCH_FREE;
		if (atomic_compare_exchange_strong(&fetch.state, &now, FETCH_FILLING))
			return true;
		futex_wait(&fetch.state, now, FETCHED_WITHIN_MS / TURNS);
	}
	return false;
}

static void end_turn(void)
{
	atomic_store(&fetch.state, FETCH_FREE);
	futex_wake(&fetch.state);
}

void handover_ring(void)
{
	atomic_store(&rung, true);
	syscall(SYS_tgkill, process_id(), atomic_load(&thread), BELL_SIGNAL);
}

static bool post(int fd, const struct request *request)
{
	if (!atomic_load(&thread) || !take_turn())
		return false;
	fetch.fd = fd;
	fetch.request = *request;
	atomic_store(&fetch.state, FETCH_POSTED);
	handover_ring();

	futex_wait(&fetch.state, FETCH_POSTED, FETCHED_WITHIN_MS);
	uint32_t now = FETCH_POSTED;
	if (atomic_compare_exchange_strong(&fetch.state, &now, FETCH_FREE)) {
		end_turn();
		return false; /* nobody came */
	}
	while ((now = atomic_load(&fetch.state)) == FETCH_RUNNING)
		futex_wait(&fetch.state, FETCH_RUNNING, FETCHED_WITHIN_MS);
	end_turn();
	return now == FETCH_DONE;
}

int handover_fetch(int bell, struct request *request)
{
	struct signalfd_siginfo ring;
	uint32_t posted = FETCH_POSTED;
	/* A signal of this thread is read before one of the process: ours, and never the program's. */
	if (atomic_exchange(&rung, false) && real.read(bell, &ring, sizeof ring) < 0)
		return INBOX_EMPTY;
	if (!atomic_compare_exchange_strong(&fetch.state, &posted, FETCH_RUNNING))
		return INBOX_EMPTY;
	*request = fetch.request;
	int self = (int)syscall(SYS_pidfd_open, process_id(), 0);
	int hold = self < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, self, fetch.fd, 0);
	if (self >= 0)
		real.close(self);
	atomic_store(&fetch.state, hold >= 0 ? FETCH_DONE : FETCH_FAILED);
	futex_wake(&fetch.state);
	return hold >= 0 ? hold : INBOX_EMPTY;
}

bool handover_send(int fd, const struct request *request)
{
	return send_message(fd, request) || post(fd, request);
}

/* --- the inbox --- */

/* What a message carries. A message from a stranger is as good as none, and leaves no descriptor behind. */
static int unpack(struct msghdr *message, bool whole)
{
	int fds[2] = {HOLD_LOST, HOLD_LOST}; /* the control buffer's padding has room for two */
	bool from_us = false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		struct ucred sender;
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			memcpy(fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&sender, CMSG_DATA(c), sizeof sender);
			from_us = sender.pid == process_id();
		}
	}
	if (from_us && whole)
		return fds[0];
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			real.close(fds[i]);
	return INBOX_EMPTY;
}

int handover_receive(int inbox, struct request *request)
{
	for (;;) {
		union {
			struct cmsghdr header;
			char space[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
		} control;
		struct iovec content = {request, sizeof *request};
		struct msghdr message = {.msg_iov = &content,
					 .msg_iovlen = 1,
					 .msg_control = control.space,
					 .msg_controllen = sizeof control};
		ssize_t n = real.recvmsg(inbox, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return INBOX_EMPTY;
		int hold = unpack(&message, n == sizeof *request);
		if (hold != INBOX_EMPTY)
			return hold;
	}
}
