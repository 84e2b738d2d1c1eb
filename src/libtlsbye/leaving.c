/* SPDX-License-Identifier: MIT */
/*
 * See leaving.h. An exec leaves each descriptor without FD_CLOEXEC to the next program: where the SSL is alive, nobody
 * can go on with the TLS on it, and its end is said here; where the SSL was freed before, or the program has said
 * close_notify, the next program may go on in plaintext, and the connection is left to it.
 */
#include "leaving.h"

#include "descriptors.h"
#include "events.h"
#include "goodbye.h"
#include "letting_go.h"
#include "linger.h"
#include "process.h"
#include "settings.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* --- the end --- */

/* The parent sees eight bits of the status: 256 is success. */
static bool is_failure(int status)
{
	return (status & 0xff) != 0;
}

struct leaving {
	bool failed;
	struct call call;
};

static void leave(struct connection *c, void *arg)
{
	const struct leaving *leaving = arg;
	if (!(atomic_load(&c->doors) & DOOR_EXIT)) /* exit, and then _exit in one of its handlers */
		goodbye_leave(c, leaving->failed, leaving->call);
}

/* What the linger thread still holds when the wait is over, and a close() that a handler or another thread leaves unfinished. */
static void tell_unfinished(struct connection *c, void *arg)
{
	(void)arg;
	if (!(atomic_load(&c->doors) & (DOOR_CLOSE | DOOR_EXIT)) || !process_owns(c))
		return;
	if (c->peer_end == PEER_UNKNOWN && settings->mode == MODE_CURE)
		c->peer_end = PEER_OUTLIVES_US;
	event_end(c);
}

static void leave_all(int status, struct call call, void (*before_waiting)(void))
{
	struct leaving leaving = {.failed = is_failure(status), .call = call};
	if (settings->mode == MODE_OFF)
		return;
	connection_each(leave, &leaving);
	if (linger_count()) {
		if (before_waiting)
			before_waiting();
		linger_finish((unsigned)settings->at_exit_ms);
	}
	connection_each(tell_unfinished, NULL);
	events_flush();
}

static void learn_late(struct connection *c, void *nothing)
{
	(void)nothing;
	goodbye_learn_late(c);
}

/* A helper that was forked owns nothing: it pays for no look at its program. */
static void look_for_open(struct connection *c, void *found)
{
	if (atomic_load(&c->descriptors) && process_owns(c))
		*(bool *)found = true;
}

/* The last thread of a program has ended ours before it came here (process.c). */
static void start_again(void)
{
	bool something = false;
	connection_each(look_for_open, &something);
	if (something && settings->mode == MODE_CURE)
		linger_start();
}

/* By what: nothing, for a return from main. */
static struct call exit_call;

void leaving_exit_is_called(struct call call)
{
	if (process_is_home())
		exit_call = call;
}

void leaving_by_exit(int status)
{
	connection_each(learn_late, NULL);
	start_again();
	leave_all(status, exit_call, process_save_output);
}

void leaving_at_once(int status, struct call call)
{
	if (!process_is_home())
		return;
	leave_all(status, call, NULL);
	process_ends();
}

/* --- quick_exit --- */

static _Atomic int quick_status;
static struct call quick_call;

void leaving_quickly(int status, struct call call)
{
	if (!process_is_home())
		return;
	quick_call = call;
	atomic_store(&quick_status, status);
}

static void at_quick_exit_of_ours(void)
{
	leaving_at_once(atomic_load(&quick_status), quick_call);
}

void leaving_watch_quick_exit(void)
{
	static _Atomic bool watching;
	if (!atomic_exchange(&watching, true))
		at_quick_exit(at_quick_exit_of_ours);
}

/* --- exec --- */

static bool stays_open(const struct connection *c)
{
	int flags = real.fcntl(connection_any_descriptor(c), F_GETFD);
	return flags >= 0 && !(flags & FD_CLOEXEC);
}

static void leave_behind(struct connection *c, void *leaving)
{
	bool tls_goes_on = atomic_load(&c->ssl) && !c->notify_by_program;
	if (tls_goes_on || !stays_open(c))
		leave(c, leaving);
}

void leaving_by_exec(enum exec_by by, const char *file, int fd, char *const argv[], char *const environment[],
		     struct call call)
{
	bool something = linger_count() != 0;
	struct leaving leaving = {.call = call};
	int saved = errno, cancel_state;
	if (!process_is_home())
		return;
	/* exec is no cancellation point; open() is */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	process_executes();
	connection_each(look_for_open, &something);
	if (something && settings->mode != MODE_OFF && exec_finds_program(by, file, fd) &&
	    exec_arguments_fit(argv, environment)) {
		connection_each(leave_behind, &leaving);
		linger_wait((unsigned)settings->at_exit_ms);
		events_flush();
	}
	pthread_setcancelstate(cancel_state, NULL);
	errno = saved;
}
