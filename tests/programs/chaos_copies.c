/* SPDX-License-Identifier: MIT */
/*
 * Copies of a connection's descriptor, by number and by message, and a program that goes on with one; see chaos.h.
 */
#include "chaos.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* It may be away for long: the program closes its own number meanwhile. */
struct journey {
	int ends[2];
	struct msghdr message;
	struct iovec part;
	char control[CMSG_SPACE(sizeof(int))], byte;
};

static bool set_out(struct journey *j, int fd)
{
	struct cmsghdr *head;

	j->part = (struct iovec){&j->byte, 1};
	j->message = (struct msghdr){.msg_iov = &j->part,
				     .msg_iovlen = 1,
				     .msg_control = j->control,
				     .msg_controllen = sizeof(j->control)};
	head = CMSG_FIRSTHDR(&j->message);
	*head = (struct cmsghdr){
		.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	return socketpair(AF_UNIX, SOCK_STREAM, 0, j->ends) == 0 && sendmsg(j->ends[0], &j->message, 0) == 1;
}

static int come_home(struct journey *j)
{
	int copy = -1;

	if (recvmsg(j->ends[1], &j->message, 0) == 1)
		memcpy(&copy, CMSG_DATA(CMSG_FIRSTHDR(&j->message)), sizeof(copy));
	close(j->ends[0]);
	close(j->ends[1]);
	return copy;
}

static int send_to_itself(int fd)
{
	struct journey j = {0};

	return set_out(&j, fd) ? come_home(&j) : -1;
}

void chaos_copy(struct line *line)
{
	size_t how = chaos_below(7);
	int number = 200 + line->id * MOST_COPIES + line->copies_open, fd = line->fd, made;

	if (line->copies_open == MOST_COPIES)
		return;
	made = how == 0   ? dup(fd)
	       : how == 1 ? dup2(fd, number)
	       : how == 2 ? dup3(fd, number, O_CLOEXEC)
	       : how == 3 ? fcntl(fd, F_DUPFD, 20)
	       : how == 4 ? fcntl(fd, F_DUPFD_CLOEXEC, 30)
	       : how == 5 ? (int)syscall(SYS_dup, fd)
			  : send_to_itself(fd);
	line->sent_to_itself = line->sent_to_itself || how == 6;
	line->copies[line->copies_open++] = made;
	chaos_did("%d copy (%zu): %d", line->id, how, made);
}

void chaos_close_copy(struct line *line)
{
	if (line->copies_open > 0)
		chaos_did("%d close copy: %d", line->id, close(line->copies[--line->copies_open]));
}

static void go_on_by(struct line *line, int fd)
{
	line->fd = fd;
	SSL_set_fd(line->ssl, fd);
}

/* What goes by number counts the last one of these as the connection's. */
void chaos_move(struct line *line)
{
	if (line->copies_open == 0)
		return;
	chaos_did("%d move: %d", line->id, close(line->fd));
	go_on_by(line, line->copies[--line->copies_open]);
}

void chaos_travel(struct line *line)
{
	struct journey j = {0};
	int closed, copy;

	if (!set_out(&j, line->fd))
		return;
	line->sent_to_itself = true;
	closed = close(line->fd);
	if (chaos_one_in(2))
		chaos_file();
	copy = come_home(&j);
	chaos_did("%d travel: %d %d", line->id, closed, copy);
	go_on_by(line, copy);
}
