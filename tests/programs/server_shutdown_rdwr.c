/* SPDX-License-Identifier: MIT */
/*
 * Reads once, answers, shutdown(SHUT_RDWR), free, close: whatever the peer sends from then on, even its close_notify,
 * makes the kernel reset. Many C++ servers, and "shutdown, then close" out of books. --mode free-first frees before.
 * --mode stream and late-stream read it by stdio, opened before and behind it; waitall and waitall-message ask for all
 * that comes, and for more. --mode read, poll, select, epoll and late-epoll look at the socket between the two, and print what they see; --mode
 * thread has another thread blocked in SSL_read(), and --mode poll-thread one blocked in poll(), which must wake; so must a
 * child that waits for the socket and makes no SSL_* call, --mode poll-child.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "legacy.h"

static SSL *shared;
static int shared_fd, epoll_fd = -1;
static _Atomic pid_t waiter_tid;

static void print_poll(int fd, short events, int timeout)
{
	struct pollfd p = {.fd = fd, .events = events};
	int n = poll(&p, 1, timeout);

	printf("poll=%d revents=%x\n", n, (unsigned)p.revents);
}

static void print_select(int fd)
{
	fd_set reading, failing;
	struct timeval at_once = {0};
	int n;

	FD_ZERO(&reading);
	FD_ZERO(&failing);
	FD_SET(fd, &reading);
	FD_SET(fd, &failing);
	n = select(fd + 1, &reading, NULL, &failing, &at_once);
	printf("select=%d readable=%d\n", n, FD_ISSET(fd, &reading) != 0);
}

static void add_to_epoll(int fd)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP};

	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void print_epoll(void)
{
	struct epoll_event event = {0};
	int n = epoll_wait(epoll_fd, &event, 1, 2000);

	printf("epoll=%d events=%x\n", n, (unsigned)event.events);
	close(epoll_fd);
}

/* All that was there before, then the end, from each of the calls. */
static void print_reads(int fd)
{
	char buf[1000];
	struct iovec part = {buf, sizeof(buf)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	long total = 0, n;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		total += n;
	printf("before=%ld end=%ld", total, n);
	n = recv(fd, buf, sizeof(buf), 0);
	printf(" recv=%ld", n);
	n = readv(fd, &part, 1);
	printf(" readv=%ld", n);
	n = recvmsg(fd, &message, 0);
	printf(" recvmsg=%ld\n", n);
}

static bool reads_by_other_means(void)
{
	return legacy_is("stream") || legacy_is("late-stream") || legacy_is("waitall") ||
	       legacy_is("waitall-message");
}

/* The judge's second record, of which SSL_read() took nothing. */
static void await_second_record(int fd)
{
	int received;

	do
		ioctl(fd, FIONREAD, &received);
	while (received < 1024);
}

/* What was there, then the end, at once; the judge says nothing more, and does not close. */
static void print_count(long start, const char *how, long count)
{
	printf("%s=%ld %s\n", how, count, legacy_ms() - start < 1000 ? "at-once" : "late");
}

static void print_stream(FILE *stream, long start)
{
	long count = 0;

	while (fgetc(stream) != EOF)
		count++;
	print_count(start, "stream", count);
}

static void print_wait_for_all(int fd, long start)
{
	static char buf[64 << 10];
	struct iovec part = {buf, sizeof(buf)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (legacy_is("waitall"))
		print_count(start, "recv", recv(fd, buf, sizeof(buf), MSG_WAITALL));
	else
		print_count(start, "recvmsg", recvmsg(fd, &message, MSG_WAITALL));
}

static void *wait_in_thread(void *nothing)
{
	char byte;

	waiter_tid = (pid_t)syscall(SYS_gettid);
	if (legacy_is("poll-thread"))
		print_poll(shared_fd, POLLIN | POLLRDHUP, 20000);
	else
		printf("SSL_read=%d\n", SSL_read(shared, &byte, 1));
	return nothing;
}

static char state_of(pid_t tid)
{
	char path[64], state = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)tid);
	f = fopen(path, "r");
	if (f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	if (f)
		fclose(f);
	return state;
}

static void shut(int fd)
{
	int result;

	errno = 0;
	result = shutdown(fd, SHUT_RDWR);
	printf("shutdown=%d errno=%d\n", result, errno);
}

static void shut_under_a_waiter(SSL *ssl, int fd)
{
	pthread_t waiter;
	long start;

	shared = ssl;
	shared_fd = fd;
	waiter_tid = 0;
	pthread_create(&waiter, NULL, wait_in_thread, NULL);
	while (!waiter_tid || state_of(waiter_tid) != 'S')
		continue;
	start = legacy_ms();
	shut(fd);
	pthread_join(waiter, NULL);
	printf("woke=%s\n", legacy_ms() - start < 2000 ? "at-once" : "late");
}

static void shut_under_a_child(SSL *ssl, int fd)
{
	long start;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		print_poll(fd, POLLIN | POLLRDHUP, 20000);
		fflush(stdout);
		_exit(0);
	}
	while (state_of(child) != 'S')
		continue;
	legacy_write(ssl); /* whoever speaks first after a fork owns the connection */
	start = legacy_ms();
	shut(fd);
	waitpid(child, NULL, 0);
	printf("woke=%s\n", legacy_ms() - start < 2000 ? "at-once" : "late");
}

static void shut_and_look(int fd)
{
	FILE *stream = NULL;
	long start;

	if (reads_by_other_means())
		await_second_record(fd);
	start = legacy_ms();
	if (legacy_is("epoll"))
		add_to_epoll(fd);
	if (legacy_is("stream"))
		stream = fdopen(fd, "r");
	shut(fd);
	if (legacy_is("late-stream"))
		stream = fdopen(fd, "r");
	if (stream)
		print_stream(stream, start);
	if (legacy_is("waitall") || legacy_is("waitall-message"))
		print_wait_for_all(fd, start);
	if (legacy_is("late-epoll"))
		add_to_epoll(fd);
	if (legacy_is("read"))
		print_reads(fd);
	if (legacy_is("poll"))
		print_poll(fd, POLLIN | POLLOUT | POLLRDHUP, 0);
	if (legacy_is("select"))
		print_select(fd);
	if (epoll_fd >= 0)
		print_epoll();
}

static void talk(SSL *ssl, int fd)
{
	legacy_exchange(ssl);
	if (legacy_is("free-first"))
		SSL_free(ssl);
	if (legacy_is("thread") || legacy_is("poll-thread"))
		shut_under_a_waiter(ssl, fd);
	else if (legacy_is("poll-child"))
		shut_under_a_child(ssl, fd);
	else
		shut_and_look(fd);
	if (!legacy_is("free-first"))
		SSL_free(ssl);
	close(fd);
}

/* Numbers that the sockets will get are those of streams before. */
static void use_numbers(void)
{
	FILE *streams[8];

	for (int i = 0; i < 8; i++)
		streams[i] = fdopen(open("/dev/null", O_RDONLY), "r");
	for (int i = 0; i < 8; i++)
		fclose(streams[i]);
}

int main(int argc, char **argv)
{
	use_numbers();
	return legacy_serve(argc, argv, talk);
}
