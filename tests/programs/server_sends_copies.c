/* SPDX-License-Identifier: MIT */
/*
 * Goes on over a copy of its socket that libc's dup() did not make, writes the second half of its reply there, frees and closes.
 * Servers with a process or thread beside, to which a descriptor goes by a message, and programs that copy by the raw system call.
 *
 * --mode: raw-dup, raw-dup3, raw-fcntl, raw-close; message, messages (sendmmsg), raw-message, raw-messages; pidfd, raw-pidfd;
 * late: the message is received after the close of the first number; peeked: it was looked at by MSG_PEEK before that;
 * back: a process beside has had it, and has a copy of its own until the end; holder: it has the only one that is left, the SSL is
 * freed, and it says whether it could go on; exit: the process exits meanwhile; forked: the SSL goes on in a child, over a copy
 * that came by a message; child-late: a child does all that late does, and then the parent lets go.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "legacy.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

/* As libc has it where it has it; the preloaded object has it in any case. */
int pidfd_getfd(int pidfd, int fd, unsigned flags) __attribute__((weak));

static int here[2];   /* from this process to itself */
static int beside[2]; /* to the one beside */

struct parcel {
	char control[CMSG_SPACE(sizeof(int))];
	char byte;
	struct iovec part;
	struct mmsghdr message;
};

static void wrap(struct parcel *parcel)
{
	memset(parcel, 0, sizeof(*parcel));
	parcel->part = (struct iovec){&parcel->byte, 1};
	parcel->message.msg_hdr = (struct msghdr){.msg_iov = &parcel->part,
						  .msg_iovlen = 1,
						  .msg_control = parcel->control,
						  .msg_controllen = sizeof(parcel->control)};
}

static void send_by(int end, int fd)
{
	struct parcel parcel;
	struct cmsghdr *head;
	long sent;

	wrap(&parcel);
	head = CMSG_FIRSTHDR(&parcel.message.msg_hdr);
	*head = (struct cmsghdr){
		.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(fd))};
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	if (legacy_is("messages"))
		sent = sendmmsg(end, &parcel.message, 1, 0);
	else if (legacy_is("raw-messages"))
		sent = syscall(SYS_sendmmsg, end, &parcel.message, 1, 0);
	else if (legacy_is("raw-message"))
		sent = syscall(SYS_sendmsg, end, &parcel.message.msg_hdr, 0);
	else
		sent = sendmsg(end, &parcel.message.msg_hdr, 0);
	if (sent != 1)
		exit(5);
}

static int receive_by(int end, int flags)
{
	struct parcel parcel;
	long received;
	int fd;

	wrap(&parcel);
	if (legacy_is("messages"))
		received = recvmmsg(end, &parcel.message, 1, flags, NULL);
	else if (legacy_is("raw-messages"))
		received = syscall(SYS_recvmmsg, end, &parcel.message, 1, flags, NULL);
	else if (legacy_is("raw-message"))
		received = syscall(SYS_recvmsg, end, &parcel.message.msg_hdr, flags);
	else
		received = recvmsg(end, &parcel.message.msg_hdr, flags);
	if (received != 1 || !CMSG_FIRSTHDR(&parcel.message.msg_hdr))
		exit(6);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&parcel.message.msg_hdr)), sizeof(fd));
	return fd;
}

static int fetch(int fd)
{
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	int copy = legacy_is("pidfd") && pidfd_getfd ? pidfd_getfd(self, fd, 0)
						     : (int)syscall(SYS_pidfd_getfd, self, fd, 0);

	close(self);
	return copy;
}

/* The first number is closed here, too. */
static int move(int fd)
{
	int copy = -1;

	if (legacy_is("raw-dup"))
		copy = (int)syscall(SYS_dup, fd);
	else if (legacy_is("raw-dup3"))
		copy = (int)syscall(SYS_dup3, fd, 100, O_CLOEXEC);
	else if (legacy_is("raw-fcntl"))
		copy = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 100);
	else if (legacy_is("raw-close"))
		copy = dup(fd);
	else if (strstr(legacy.mode, "pidfd"))
		copy = fetch(fd);
	else
		send_by(legacy_is("back") ? beside[0] : here[0], fd);
	if (legacy_is("peeked"))
		close(receive_by(here[1], MSG_PEEK));
	if (legacy_is("raw-close"))
		syscall(SYS_close, fd);
	if (legacy_is("late") || legacy_is("peeked"))
		close(fd);
	if (strstr(legacy.mode, "message") || legacy_is("late") || legacy_is("peeked"))
		copy = receive_by(here[1], 0);
	if (legacy_is("back"))
		copy = receive_by(beside[0], 0);
	if (!legacy_is("late") && !legacy_is("peeked") && !legacy_is("raw-close"))
		close(fd);
	return copy;
}

static void go_on(SSL *ssl, int copy)
{
	SSL_set_fd(ssl, copy);
	legacy.offset = legacy.write;
	legacy_write(ssl);
	legacy.offset = 0;
	SSL_free(ssl);
	close(copy);
}

static bool is_open_for_writing(int fd)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
	       (info.tcpi_state == TCP_ESTABLISHED || info.tcpi_state == TCP_CLOSE_WAIT);
}

/* It has what comes until the next word: then it says whether it could have gone on, or gives it back and keeps its own. */
static void be_beside(void)
{
	char word;

	for (;;) {
		int fd = receive_by(beside[1], 0);

		if (legacy_is("back"))
			send_by(beside[1], fd);
		if (read(beside[1], &word, 1) != 1)
			exit(0);
		word = is_open_for_writing(fd) ? 'y' : 'n';
		close(fd);
		if (write(beside[1], &word, 1) != 1)
			exit(7);
	}
}

static void ask_beside(void)
{
	char word = '?';

	if (write(beside[0], &word, 1) != 1 || read(beside[0], &word, 1) != 1)
		exit(8);
	printf("open=%c\n", word);
	fflush(stdout);
}

static void hold(SSL *ssl, int fd)
{
	send_by(beside[0], fd);
	if (legacy_is("exit"))
		exit(0);
	SSL_free(ssl);
	close(fd);
	ask_beside();
}

static void fork_and_send(SSL *ssl, int fd)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		int copy = receive_by(here[1], 0);

		close(fd);
		go_on(ssl, copy);
		exit(0);
	}
	send_by(here[0], fd);
	SSL_free(ssl);
	close(fd);
	waitpid(child, &status, 0);
}

static void travel_in_child(SSL *ssl, int fd)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		legacy.mode = "late";
		go_on(ssl, move(fd));
		exit(0);
	}
	waitpid(child, &status, 0);
	SSL_free(ssl);
	close(fd);
}

static void talk(SSL *ssl, int fd)
{
	legacy_exchange(ssl);
	if (legacy_is("holder") || legacy_is("exit")) {
		hold(ssl, fd);
	} else if (legacy_is("child-late")) {
		travel_in_child(ssl, fd);
	} else if (legacy_is("forked")) {
		fork_and_send(ssl, fd);
	} else {
		go_on(ssl, move(fd));
		if (legacy_is("back"))
			ask_beside();
	}
}

/* Before anything else: it is to have nothing of TLS. */
static bool is_mode_of_two(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i - 1], "--mode"))
			legacy.mode = argv[i];
	return legacy_is("back") || legacy_is("holder") || legacy_is("exit");
}

int main(int argc, char **argv)
{
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, here) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, beside) != 0)
		return 3;
	if (is_mode_of_two(argc, argv) && fork() == 0) {
		close(beside[0]);
		be_beside();
	}
	close(beside[1]);
	return legacy_serve(argc, argv, talk);
}
