/* SPDX-License-Identifier: MIT */
/* See control.h. */
#include "hub/control.h"

#include "hub/holds.h"
#include "hub/hub_log.h"
#include "hub/inbox.h"
#include "hub/mailboxes.h"

#include <sys/epoll.h>
#include <sys/socket.h>

static struct source source;
static int channel = -1;
static bool asked, leave;
static uint64_t before; /* holds with a smaller number are waited for */

static void note_question(void)
{
	processes_forget_main(); /* it goes on for our sake alone */
	inbox_take_all();
	before = holds_next_number();
	asked = true;
}

static void on_request(struct source *it, uint32_t events)
{
	uint32_t request = 0;
	ssize_t size = recv(channel, &request, sizeof request, MSG_DONTWAIT);
	(void)events;
	if (size == 0)
		watch_remove(channel, it);
	else if (size == sizeof request && request == CONTROL_PROGRAM_ENDED)
		note_question();
	else if (size == sizeof request && request == CONTROL_LEAVE)
		leave = true;
}

void control_begin(int fd)
{
	channel = fd;
	source.ready = on_request;
	if (fd >= 0)
		watch_add(fd, EPOLLIN, &source);
}

void control_go_on(void)
{
	if (!asked || !holds_over_before(before))
		return;
	processes_look(); /* the program's parent hears of an end before we do */
	mailboxes_take_all();
	struct control_answer answer = {.held = holds_count(),
					.processes = processes_alive(),
					.cut_short = processes_cut_short(),
					.lost = hub_log_lost() + mailboxes_lost()};
	for (int fault = 0; fault < MESSAGE_FAULT_COUNT; fault++)
		answer.dropped[fault] = inbox_dropped(fault);
	asked = false;
	send(channel, &answer, sizeof answer, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool control_leave_asked(void)
{
	return leave;
}
