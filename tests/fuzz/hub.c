/* SPDX-License-Identifier: MIT */
/*
 * What a process of the tree may say to the hub (src/hub): messages go in by a real listener, so that everything that acts
 * on them is in it: inbox, message_check, processes, holds, mailboxes, log.
 *
 * Input: messages. Each is made well-formed by hub_messages.c, and then changed where the input says so. At the end the
 * process ends, then the hub.
 * Rules: every line that the hub writes is one line of plain text; nothing is left: no descriptor, hold, mailbox, process.
 */
#include "fuzz.h"

#include "hub_messages.h"

#include "hub/holds.h"
#include "hub/hub_log.h"
#include "hub/inbox.h"
#include "hub/mailboxes.h"
#include "sys/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { DESCRIPTORS_MOST = 200, MESSAGES_MOST = 40 };

static struct sockaddr_un address = {.sun_family = AF_UNIX};
static socklen_t address_size;
static int log_file = -1;

/* As hub.c: what it has still said is heard first. */
static void on_process_end(struct process *process)
{
	inbox_take_all();
	mailboxes_take_all_of(process->pid);
	holds_nothing_follows(process);
	if (processes_is_cut_short(process))
		teller_cut_short(&process->teller);
}

static void begin_hub(void)
{
	static char path[64];
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	address_size =
		sizeof(sa_family_t) + 1 +
		(socklen_t)snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "fuzz-%d", getpid());
	log_file = memfd_create("log", MFD_CLOEXEC);
	snprintf(path, sizeof path, "/proc/self/fd/%d", log_file);
	fuzz_must(log_file >= 0 && fcntl(log_file, F_SETFL, O_APPEND) == 0);
	hub_log_begin(log_file, path);
	holds_begin(DESCRIPTORS_MOST);
	mailboxes_begin(DESCRIPTORS_MOST);
	fuzz_must(bind(listener, (struct sockaddr *)&address, address_size) == 0);
	fuzz_must(watch_begin() && inbox_begin((int[]){listener, -1}, hub_messages_token));
}

static void begin_process(void)
{
	fuzz_must(processes_begin(getpid(), (int)syscall(SYS_pidfd_open, getpid(), 0), on_process_end));
}

static void send_message(const struct made_message *message)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(MADE_DESCRIPTORS * sizeof(int))];
	} control;
	struct iovec piece = {(void *)message->bytes, message->size};
	struct msghdr header = {.msg_iov = &piece, .msg_iovlen = 1};
	int connection = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	fuzz_must(connect(connection, (struct sockaddr *)&address, address_size) == 0);
	if (message->descriptors) {
		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE(message->descriptors * sizeof(int));
		control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(message->descriptors * sizeof(int)),
						  .cmsg_level = SOL_SOCKET,
						  .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.header), message->fds, message->descriptors * sizeof(int));
	}
	if (!message->silent)
		fuzz_must(sendmsg(connection, &header, MSG_NOSIGNAL) == (ssize_t)message->size);
	close(connection);
}

static void look_at_log(void)
{
	off_t size = lseek(log_file, 0, SEEK_END);
	char *bytes = malloc((size_t)size + 1);
	fuzz_must(bytes && pread(log_file, bytes, (size_t)size, 0) == size);
	fuzz_must(fuzz_is_plain(bytes, (size_t)size, "\n"));
	fuzz_must(!size || bytes[size - 1] == '\n');
	free(bytes);
	fuzz_must(ftruncate(log_file, 0) == 0);
}

static void nothing_is_left(void)
{
	processes_forget_main();
	inbox_look(UINT64_MAX);
	hub_messages_forget();
	mailboxes_take_all();
	holds_end_all();
	watch_round(0);
	watch_round(0); /* what was retired in the first */
	fuzz_must(!holds_count() && !inbox_waiting() && !mailboxes_count() && !processes_alive());
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct itimerval timer; /* libFuzzer's: the hub's log takes it away */
	if (log_file < 0)
		begin_hub();
	getitimer(ITIMER_REAL, &timer);
	int before = fuzz_lowest_descriptor();
	begin_process();
	for (int i = 0; size && i < MESSAGES_MOST; i++) {
		struct made_message message;
		hub_messages_make(&message, &data, &size);
		send_message(&message);
		watch_round(0);
		holds_look(message.later_us + clock_us());
		mailboxes_look(message.later_us + clock_us());
	}
	nothing_is_left();
	look_at_log();
	fuzz_must(fuzz_lowest_descriptor() == before);
	setitimer(ITIMER_REAL, &timer, NULL);
	return 0;
}
