/* SPDX-License-Identifier: MIT */
/*
 * See processes.h. A pidfd for a number that a connection tells may come too late: the process has ended, and the number
 * may be another's already. SO_PEERPIDFD (Linux 6.5) cannot be wrong; without it the window is that of one message.
 */
#include "hub/processes.h"

#include "sys/clock.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

enum { BUCKETS = 256, AWAITING_MAX = 64 };

struct awaiting {
	struct awaiting *next;
	int connection;
};

static struct process *all[BUCKETS];
static struct process *the_main;
static void (*tell_ended)(struct process *process);
static unsigned alive, cut_short;
static uint64_t all_ended_us;

static struct process **bucket(pid_t pid)
{
	return &all[(unsigned)pid % BUCKETS];
}

static void forget(struct process *process)
{
	struct process **at = bucket(process->pid);
	while (*at && *at != process)
		at = &(*at)->next;
	if (*at)
		*at = process->next;
	if (process == the_main)
		the_main = NULL;
	watch_retire(process);
}

void processes_await(struct process *process, int connection)
{
	unsigned count = 0;
	for (struct awaiting *one = process->awaiting; one; one = one->next)
		count++;
	struct awaiting *one = process->held && count < AWAITING_MAX ? malloc(sizeof *one) : NULL;
	if (!one) {
		close(connection);
		return;
	}
	*one = (struct awaiting){process->awaiting, connection};
	process->awaiting = one;
}

static void tell_awaiting(struct process *process)
{
	while (process->awaiting) {
		struct awaiting *one = process->awaiting;
		process->awaiting = one->next;
		close(one->connection);
		free(one);
	}
}

void processes_let_go(struct process *process)
{
	if (!process->held)
		tell_awaiting(process);
	if (process->pidfd < 0 && !process->held && !process->in_use)
		forget(process);
}

bool processes_is_cut_short(const struct process *process)
{
	/* Those of a namespace that is not below ours are one number, and cannot be told apart. */
	return process->pid && process->pidfd < 0 && process->used_tls && !process->said_bye &&
	       !process->cut_off;
}

static void end(struct process *process)
{
	watch_remove(process->pidfd, &process->source);
	close(process->pidfd);
	process->pidfd = -1;
	process->in_use = true;
	tell_ended(process);
	process->in_use = false;
	cut_short += processes_is_cut_short(process);
	if (--alive == 0)
		all_ended_us = clock_us();
	processes_let_go(process);
}

static void on_end(struct source *source, uint32_t events)
{
	(void)events;
	end((struct process *)source);
}

void processes_look(void)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		for (struct process *one = all[i], *next; one; one = next) {
			struct pollfd over = {.fd = one->pidfd, .events = POLLIN};
			next = one->next;
			if (one->pidfd >= 0 && poll(&over, 1, 0) == 1)
				end(one);
		}
	}
}

static struct process *add(pid_t pid, int pidfd)
{
	struct process *process = calloc(1, sizeof *process);
	if (!process)
		return NULL;
	*process = (struct process){.source = {on_end}, .next = *bucket(pid), .pid = pid, .pidfd = pidfd};
	if (pidfd >= 0 && !watch_add(pidfd, EPOLLIN, &process->source)) {
		close(pidfd);
		process->pidfd = -1;
	}
	if (process->pidfd >= 0)
		alive++;
	*bucket(pid) = process;
	return process;
}

bool processes_begin(pid_t main, int pidfd, void (*ended)(struct process *process))
{
	tell_ended = ended;
	the_main = add(main, pidfd);
	return the_main && the_main->pidfd >= 0;
}

static int open_pidfd(int connection, pid_t pid)
{
	int pidfd = -1;
	socklen_t size = sizeof pidfd;
	if (getsockopt(connection, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0)
		return pidfd;
	return pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
}

struct process *processes_of(int connection)
{
	struct ucred peer = {0};
	socklen_t size = sizeof peer;
	if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
		return NULL;
	struct process *process = *bucket(peer.pid);
	while (process && (process->pid != peer.pid || process->pidfd < 0))
		process = process->next;
	if (!process)
		process = add(peer.pid, open_pidfd(connection, peer.pid));
	if (process)
		process->in_use = true;
	return process;
}

void processes_forget_main(void)
{
	if (the_main && the_main->pidfd >= 0)
		end(the_main);
}

unsigned processes_alive(void)
{
	return alive;
}

unsigned processes_cut_short(void)
{
	return cut_short;
}

uint64_t processes_all_ended_us(void)
{
	return alive ? 0 : all_ended_us;
}
