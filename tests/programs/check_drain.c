/* SPDX-License-Identifier: MIT */
/*
 * The drain itself (linger/drain.h), without the object, the hub or OpenSSL: both ends of a connection are ours, and so is
 * the time, which the drain is told. Nothing waits but for what the kernel has promised to deliver.
 *
 *   check_drain       every case; a line for each that is not as it should be
 */
#include "linger/drain.h"
#include "linger/ktls.h"
#include "loopback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int failures;
static const char *at, *of;

static void check(bool right, const char *what)
{
	if (right)
		return;
	printf("%s, %s: not so: %s\n", at, of, what);
	failures++;
}
#define CHECK(expression) check((expression), #expression)

/* --- a connection --- */

static void connect_by(int family, int ends[2])
{
	if (family == AF_INET)
		connect_tcp(ends);
	else if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		exit(1);
}

static struct drain drain_of(int family)
{
	struct drain drain = {
		.family = family,
		.reads = true,
		.limits = {
			.idle_us = 5000000, .total_us = 30000000, .bytes = 1 << 20, .sending_us = 60000000}};
	drain_begin(&drain, 1000);
	return drain;
}

static void wait_to_read(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	poll(&wait, 1, -1);
}

/* Until it is over; what it waits for comes without anybody's help. */
static void go_to_the_end(struct drain *drain, int fd, uint64_t now)
{
	while (!drain_go_on(drain, fd, &kernel_raw, now)) {
		struct pollfd wait = {.fd = fd};
		wait.events |= drain_waits_to_read(drain) ? POLLIN : 0;
		wait.events |= drain_waits_to_send(drain) ? POLLOUT : 0;
		poll(&wait, 1, -1);
	}
}

static size_t fill(int fd)
{
	static char bytes[1 << 16];
	size_t sent = 0;
	ssize_t n;
	while ((n = send(fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
		sent += (size_t)n;
	return sent;
}

/* TCP makes room while the peer's kernel still takes some: until it has taken nothing for a while. */
static size_t fill_up(int fd)
{
	size_t sent = 0, more;
	struct pollfd room = {.fd = fd, .events = POLLOUT};
	do {
		sent += more = fill(fd);
		poll(&room, 1, 200);
	} while (more);
	return sent;
}

/* Reads to the end; the last bytes stand in `last`. -1: a reset. */
static ssize_t read_to_end(int fd, char *last, size_t size)
{
	static char bytes[1 << 16];
	ssize_t n, sum = 0;
	while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0) {
		sum += n;
		size_t keep = (size_t)n < size ? (size_t)n : size;
		memmove(last, last + keep, size - keep);
		memcpy(last + size - keep, bytes + n - keep, keep);
	}
	return n < 0 ? -1 : sum;
}

/* --- the cases; each for AF_INET and AF_UNIX --- */

static void peer_sends_and_closes(int family)
{
	int ends[2];
	char last[3];
	connect_by(family, ends);
	struct drain drain = drain_of(family);
	CHECK(send(ends[PEERS], "abc", 3, 0) == 3);
	CHECK(send(ends[OURS], "xyz", 3, 0) == 3);
	wait_to_read(ends[OURS]);
	CHECK(!drain_go_on(&drain, ends[OURS], &kernel_raw, 2000));
	CHECK(drain.drained == 3 && drain.half_closed && drain.half_closed_by_us && drain.moved_us == 2000);
	CHECK(drain.peer_end == PEER_UNKNOWN && drain.ended_us == 0 && drain_waits_to_read(&drain));
	CHECK(read_to_end(ends[PEERS], last, 3) == 3); /* our FIN is out */
	close(ends[PEERS]);
	go_to_the_end(&drain, ends[OURS], 3000);
	CHECK(drain.peer_end == PEER_FIN && drain.ended_us == 3000 && drain.unsent == 0);
	close(ends[OURS]);
}

static void peer_resets(int family)
{
	int ends[2];
	const struct linger abort_it = {.l_onoff = 1};
	connect_by(family, ends);
	struct drain drain = drain_of(family);
	if (family == AF_INET)
		setsockopt(ends[PEERS], SOL_SOCKET, SO_LINGER, &abort_it, sizeof abort_it);
	else
		CHECK(send(ends[OURS], "unread", 6, 0) == 6);
	close(ends[PEERS]);
	go_to_the_end(&drain, ends[OURS], 3000);
	CHECK(drain.peer_end == PEER_RESET && drain.ended_us == 3000);
	close(ends[OURS]);
}

/* The kernel tells of it once: to who reads, or, here, to who sends. */
static void reset_is_told_to_the_residue(int family)
{
	int ends[2];
	const struct linger abort_it = {.l_onoff = 1};
	if (family != AF_INET)
		return;
	connect_by(family, ends);
	struct drain drain = drain_of(family);
	CHECK(residue_keep(&drain.residue, "rest", 4));
	setsockopt(ends[PEERS], SOL_SOCKET, SO_LINGER, &abort_it, sizeof abort_it);
	close(ends[PEERS]);
	struct pollfd reset = {.fd = ends[OURS]};
	poll(&reset, 1, -1);
	go_to_the_end(&drain, ends[OURS], 3000);
	CHECK(drain.peer_end == PEER_RESET && drain.residue.error != 0);
	residue_forget(&drain.residue);
	close(ends[OURS]);
}

static void reset_was_heard_before(int family)
{
	int ends[2];
	connect_by(family, ends);
	struct drain drain = drain_of(family);
	drain.reset_seen = true;
	close(ends[PEERS]);
	go_to_the_end(&drain, ends[OURS], 3000);
	CHECK(drain.peer_end == PEER_RESET);
	close(ends[OURS]);
}

static void read_side_was_shut(int family)
{
	int ends[2];
	connect_by(family, ends);
	struct drain drain = drain_of(family);
	drain.read_shut = true;
	shutdown(ends[OURS], SHUT_RD);
	CHECK(drain_go_on(&drain, ends[OURS], &kernel_raw, 3000));
	CHECK(drain.peer_end == PEER_UNKNOWN && drain.half_closed);
	close(ends[OURS]);
	close(ends[PEERS]);
}

static void residue_goes_before_the_fin(int family)
{
	int ends[2];
	char last[4] = "";
	connect_by(family, ends);
	struct drain drain = drain_of(family);
	size_t before = fill_up(ends[OURS]);
	CHECK(residue_keep(&drain.residue, "rest", 4));
	CHECK(!drain_go_on(&drain, ends[OURS], &kernel_raw, 2000));
	CHECK(!drain.half_closed && drain_waits_to_send(&drain) && residue_any(&drain.residue));
	pid_t reader = fork();
	if (reader == 0) {
		close(ends[OURS]);
		ssize_t sum = read_to_end(ends[PEERS], last, sizeof last);
		_exit(sum == (ssize_t)before + 4 && memcmp(last, "rest", 4) == 0 ? 0 : 1);
	}
	close(ends[PEERS]);
	go_to_the_end(&drain, ends[OURS], 3000);
	CHECK(drain.half_closed_by_us && !residue_any(&drain.residue) && drain.peer_end == PEER_FIN);
	int status = -1;
	waitpid(reader, &status, 0);
	CHECK(status == 0);
	residue_forget(&drain.residue);
	close(ends[OURS]);
}

static void peer_ends_first(int family)
{
	int ends[2];
	char last[4] = "";
	connect_by(family, ends);
	struct drain drain = drain_of(family);
	fill_up(ends[OURS]);
	CHECK(residue_keep(&drain.residue, "rest", 4));
	shutdown(ends[PEERS], SHUT_WR);
	wait_to_read(ends[OURS]);
	CHECK(!drain_go_on(&drain, ends[OURS], &kernel_raw, 2000));
	CHECK(drain.peer_has_ended && drain.peer_end == PEER_FIN && !drain_waits_to_read(&drain));
	CHECK(drain_waits_to_send(&drain) && !drain.half_closed);
	pid_t reader = fork();
	if (reader == 0) {
		close(ends[OURS]);
		_exit(read_to_end(ends[PEERS], last, sizeof last) > 4 && memcmp(last, "rest", 4) == 0 ? 0
												      : 1);
	}
	close(ends[PEERS]);
	go_to_the_end(&drain, ends[OURS], 3000);
	int status = -1;
	waitpid(reader, &status, 0);
	CHECK(status == 0 && drain.peer_end == PEER_FIN && drain.half_closed);
	residue_forget(&drain.residue);
	close(ends[OURS]);
}

static void fin_waits_for_what_follows(int family)
{
	int ends[2];
	char last[4] = "";
	connect_by(family, ends);
	struct drain drain = drain_of(family);
	drain.held_back = true;
	CHECK(send(ends[PEERS], "abc", 3, 0) == 3);
	shutdown(ends[PEERS], SHUT_WR);
	wait_to_read(ends[OURS]);
	while (!drain.peer_has_ended && !drain_go_on(&drain, ends[OURS], &kernel_raw, 2000))
		wait_to_read(ends[OURS]);
	CHECK(!drain_go_on(&drain, ends[OURS], &kernel_raw, 2000));
	CHECK(drain.drained == 3 && !drain.half_closed && drain.ended_us == 0);
	CHECK(residue_keep(&drain.residue, "bye", 3));
	drain.held_back = false;
	CHECK(drain_go_on(&drain, ends[OURS], &kernel_raw, 3000));
	CHECK(read_to_end(ends[PEERS], last, 3) == 3 && memcmp(last, "bye", 3) == 0);
	CHECK(drain.peer_end == PEER_FIN && drain.half_closed_by_us);
	residue_forget(&drain.residue);
	close(ends[OURS]);
	close(ends[PEERS]);
}

/* Else whoever waits for the socket would be woken for it without end. */
static void what_follows_has_nobody_to_hear_it(int family)
{
	int ends[2];
	const struct linger abort_it = {.l_onoff = 1};
	connect_by(family, ends);
	struct drain drain = drain_of(family);
	drain.held_back = true;
	if (family == AF_INET) {
		shutdown(ends[PEERS], SHUT_WR);
		wait_to_read(ends[OURS]);
		CHECK(!drain_go_on(&drain, ends[OURS], &kernel_raw, 2000));
		setsockopt(ends[PEERS], SOL_SOCKET, SO_LINGER, &abort_it, sizeof abort_it);
	}
	close(ends[PEERS]);
	struct pollfd gone = {.fd = ends[OURS]};
	poll(&gone, 1, -1);
	CHECK(drain_go_on(&drain, ends[OURS], &kernel_raw, 3000));
	CHECK(!drain.half_closed && drain.ended_us == 3000);
	CHECK(drain.peer_end == (family == AF_INET ? PEER_RESET : PEER_FIN) || drain.peer_end == PEER_FIN);
	close(ends[OURS]);
}

static void bytes_have_a_limit(int family)
{
	int ends[2];
	connect_by(family, ends);
	struct drain drain = drain_of(family);
	drain.limits.bytes = 1000;
	size_t sent = 0;
	while (sent < 2000)
		sent += fill(ends[PEERS]);
	while (!drain_go_on(&drain, ends[OURS], &kernel_raw, 2000))
		wait_to_read(ends[OURS]);
	CHECK(drain.peer_end == PEER_OVER_LIMIT && drain.drained > 1000 && drain.half_closed);
	close(ends[OURS]);
	close(ends[PEERS]);
}

static int received;

/* A peer that sends faster than we read; in the end we would read for ever. */
static long receive_without_end(int fd, void *bytes, size_t size, int flags)
{
	(void)fd, (void)bytes, (void)size, (void)flags;
	return ++received < 1000 ? 1 : 0;
}

static void one_peer_does_not_take_all_the_time(int family)
{
	int ends[2];
	struct kernel endless = kernel_raw;
	connect_by(family, ends);
	struct drain drain = drain_of(family);
	endless.recv = receive_without_end;
	received = 0;
	CHECK(!drain_go_on(&drain, ends[OURS], &endless, 2000));
	CHECK(received > 0 && received < 100 && drain.drained == (uint64_t)received);
	close(ends[OURS]);
	close(ends[PEERS]);
}

static char taken[8];
static size_t taken_length;

static long take_one_byte(int fd, const void *bytes, size_t size, int flags)
{
	(void)fd, (void)size, (void)flags;
	if (taken_length == 3) {
		taken[taken_length++] = ' ';
		return -EINTR;
	}
	taken[taken_length++] = *(const char *)bytes;
	return 1;
}

static void residue_goes_in_pieces(int family)
{
	struct kernel slow = kernel_raw;
	struct residue residue = {0};
	(void)family;
	slow.send = take_one_byte;
	taken_length = 0;
	CHECK(residue_keep(&residue, "res", 3) && residue_keep(&residue, "t", 1));
	CHECK(residue_send(&residue, -1, &slow) && !residue_any(&residue) && residue.error == 0);
	CHECK(taken_length == 5 && memcmp(taken, "res t", 5) == 0);
	CHECK(!residue_has_room(&residue, RESIDUE_MAX) && residue_has_room(&residue, RESIDUE_MAX - 4));
	residue_forget(&residue);
}

static unsigned interrupted;

static long interrupt_send(int fd, const void *bytes, size_t size, int flags)
{
	(void)fd, (void)bytes, (void)size, (void)flags;
	interrupted++;
	return -EINTR;
}

static long interrupt_sendmsg(int fd, const struct msghdr *message, int flags)
{
	return interrupt_send(fd, message, 0, flags);
}

/* A filter may answer so for ever. It is for later then, until the drain's limits end it. */
static void interruptions_have_an_end(int family)
{
	struct kernel filtered = kernel_raw;
	struct residue residue = {0};
	(void)family;
	filtered.send = interrupt_send;
	filtered.sendmsg = interrupt_sendmsg;
	interrupted = 0;
	CHECK(residue_keep(&residue, "rest", 4));
	CHECK(!residue_send(&residue, -1, &filtered) && residue_any(&residue) && !residue.error);
	CHECK(interrupted > 1 && interrupted < 100);
	interrupted = 0;
	CHECK(ktls_close_notify(-1, &filtered) == KTLS_NOT_NOW);
	CHECK(interrupted > 1 && interrupted < 100);
	residue.kernels = true;
	CHECK(!residue_send(&residue, -1, &filtered) && residue.kernels && residue_any(&residue));
	residue_forget(&residue);
}

/* --- limits of time: what drain_look says --- */

static void idle_and_total(int family)
{
	int ends[2];
	connect_by(family, ends);
	struct drain drain = drain_of(family);
	CHECK(!drain_go_on(&drain, ends[OURS], &kernel_raw, 1000));
	wait_to_read(ends[PEERS]); /* our FIN; what acknowledges it may come a little later */
	while (drain_unsent(ends[OURS], &kernel_raw))
		usleep(1000);
	CHECK(drain_look(&drain, ends[OURS], &kernel_raw, 2000) == 1000 + 5000000);
	drain.moved_us = 29000000;
	CHECK(drain_look(&drain, ends[OURS], &kernel_raw, 29500000) == 1000 + 30000000);
	CHECK(drain_look(&drain, ends[OURS], &kernel_raw, 30001000) == 0);
	CHECK(drain.peer_end == PEER_OVER_LIMIT && drain.ended_us == 30001000);
	close(ends[OURS]);
	connect_by(family, (close(ends[PEERS]), ends));
	drain = drain_of(family);
	CHECK(!drain_go_on(&drain, ends[OURS], &kernel_raw, 1000));
	CHECK(drain_look(&drain, ends[OURS], &kernel_raw, 5001000) == 0);
	CHECK(drain.peer_end == PEER_IDLE);
	close(ends[OURS]);
	close(ends[PEERS]);
}

/* One more byte has come by then. */
static bool goes_on_at(struct drain *drain, const int ends[2], uint64_t now_us)
{
	CHECK(send(ends[PEERS], "x", 1, 0) == 1);
	wait_to_read(ends[OURS]);
	CHECK(!drain_go_on(drain, ends[OURS], &kernel_raw, now_us));
	return drain_look(drain, ends[OURS], &kernel_raw, now_us) != 0;
}

static void sending_has_a_limit_when_all_is_there(int family)
{
	enum { SECOND = 1000000 };
	int ends[2];
	static char bytes[1 << 16];
	connect_by(family, ends);
	struct drain drain = drain_of(family);
	drain.limits.sending_us = 2 * SECOND;
	fill_up(ends[OURS]);
	for (uint64_t now = SECOND; now < 5 * SECOND; now += SECOND / 4) /* not while something is unsent */
		CHECK(goes_on_at(&drain, ends, now));
	while (drain_unsent(ends[OURS], &kernel_raw))
		recv(ends[PEERS], bytes, sizeof bytes, MSG_DONTWAIT);
	CHECK(goes_on_at(&drain, ends, 5 * SECOND));
	CHECK(drain.got_all_us == 5 * SECOND);
	CHECK(goes_on_at(&drain, ends, 5 * SECOND + SECOND / 2));
	CHECK(goes_on_at(&drain, ends, 8 * SECOND)); /* after a pause */
	CHECK(drain_look(&drain, ends[OURS], &kernel_raw, 9 * SECOND) == 11 * SECOND);
	for (uint64_t now = 8 * SECOND; now < 10 * SECOND; now += SECOND / 4)
		CHECK(goes_on_at(&drain, ends, now));
	CHECK(!goes_on_at(&drain, ends, 10 * SECOND));
	CHECK(drain.peer_end == PEER_OVER_LIMIT && drain.ended_us == 10 * SECOND);
	close(ends[OURS]);
	close(ends[PEERS]);
}

static void a_queue_that_shrinks_is_a_sign_of_life(int family)
{
	int ends[2];
	static char bytes[1 << 16];
	connect_by(family, ends);
	struct drain drain = drain_of(family);
	fill_up(ends[OURS]);
	CHECK(!drain_go_on(&drain, ends[OURS], &kernel_raw, 1000));
	drain.unsent = drain_unsent(ends[OURS], &kernel_raw);
	CHECK(drain.unsent > 0);
	CHECK(drain_look(&drain, ends[OURS], &kernel_raw, 2000) == 2000 + 5000000 / 8);
	uint32_t before = drain.unsent;
	while (drain_unsent(ends[OURS], &kernel_raw) >= before)
		if (recv(ends[PEERS], bytes, sizeof bytes, 0) <= 0)
			break;
	CHECK(drain_look(&drain, ends[OURS], &kernel_raw, 5000999) != 0);
	CHECK(drain.moved_us == 5000999 && drain.unsent < before);
	CHECK(drain_look(&drain, ends[OURS], &kernel_raw, 5000999 + 5000000) == 0);
	CHECK(drain.peer_end == PEER_IDLE);
	close(ends[OURS]);
	close(ends[PEERS]);
}

static void giving_up_sends_the_fin(int family)
{
	int ends[2];
	char last[1];
	for (int held_back = 0; held_back < 2; held_back++) {
		connect_by(family, ends);
		struct drain drain = drain_of(family);
		drain.held_back = held_back;
		drain_give_up(&drain, ends[OURS], &kernel_raw, PEER_GIVEN_UP, 3000);
		CHECK(drain.peer_end == PEER_GIVEN_UP && drain.ended_us == 3000);
		CHECK(drain.half_closed == !held_back);
		if (!held_back)
			CHECK(read_to_end(ends[PEERS], last, 1) == 0);
		CHECK(drain_go_on(&drain, ends[OURS], &kernel_raw, 4000) && drain.ended_us == 3000);
		close(ends[OURS]);
		close(ends[PEERS]);
	}
}

static void linger_time_is_forgotten(int family)
{
	int ends[2];
	struct linger linger = {.l_onoff = 1, .l_linger = 60};
	socklen_t size = sizeof linger;
	connect_by(family, ends);
	struct drain drain = drain_of(family);
	setsockopt(ends[OURS], SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	close(ends[PEERS]);
	go_to_the_end(&drain, ends[OURS], 3000);
	getsockopt(ends[OURS], SOL_SOCKET, SO_LINGER, &linger, &size);
	CHECK(!linger.l_onoff);
	linger = (struct linger){.l_onoff = 1, .l_linger = 0};
	setsockopt(ends[OURS], SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	drain_forget_linger_time(ends[OURS], &kernel_raw);
	getsockopt(ends[OURS], SOL_SOCKET, SO_LINGER, &linger, &size);
	CHECK(linger.l_onoff); /* an abort that is meant stays one */
	close(ends[OURS]);
}

static void errno_is_the_callers(int family)
{
	int ends[2];
	connect_by(family, ends);
	struct drain drain = drain_of(family);
	errno = 4711;
	CHECK(!drain_go_on(&drain, ends[OURS], &kernel_raw, 3000));
	CHECK(kernel_raw.recv(-1, NULL, 0, 0) == -EBADF);
	CHECK(errno == 4711);
	close(ends[OURS]);
	close(ends[PEERS]);
}

#define CASE(name)                                                                                           \
	{                                                                                                    \
		name, #name                                                                                  \
	}

int main(void)
{
	static const struct {
		void (*run)(int family);
		const char *name;
	} cases[] = {
		CASE(peer_sends_and_closes),
		CASE(peer_resets),
		CASE(reset_is_told_to_the_residue),
		CASE(reset_was_heard_before),
		CASE(read_side_was_shut),
		CASE(residue_goes_before_the_fin),
		CASE(residue_goes_in_pieces),
		CASE(interruptions_have_an_end),
		CASE(peer_ends_first),
		CASE(fin_waits_for_what_follows),
		CASE(what_follows_has_nobody_to_hear_it),
		CASE(bytes_have_a_limit),
		CASE(one_peer_does_not_take_all_the_time),
		CASE(idle_and_total),
		CASE(sending_has_a_limit_when_all_is_there),
		CASE(a_queue_that_shrinks_is_a_sign_of_life),
		CASE(giving_up_sends_the_fin),
		CASE(linger_time_is_forgotten),
		CASE(errno_is_the_callers),
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		at = cases[i].name;
		of = "TCP";
		cases[i].run(AF_INET);
		of = "AF_UNIX";
		cases[i].run(AF_UNIX);
	}
	printf("%zu cases, %d failures\n", sizeof cases / sizeof cases[0], failures);
	return failures ? 1 : 0;
}
