/* SPDX-License-Identifier: MIT */
/*
 * See leaving.h. An exec leaves each descriptor without FD_CLOEXEC to the next program: where the SSL is alive, nobody
 * can go on with the TLS on it, and its end is said here; where the SSL was freed before, or the program has said
 * close_notify, the next program may go on in plaintext, and the connection is left to it.
 */
#include "release/process_exit.h"

#include "connection/descriptors.h"
#include "events/events.h"
#include "release/ssl_free.h"
#include "release/fd_close.h"
#include "linger/linger.h"
#include "connection/process.h"
#include "sys/settings.h"

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
	if (!(atomic_load(&c->released.close_paths) & PATH_EXIT)) /* exit, and then _exit in one of its handlers */
		process_exit_release(c, leaving->failed, leaving->call);
}

/* What the linger thread still holds when the wait is over, and a close() that a handler or another thread leaves unfinished. */
static void tell_unfinished(struct connection *c, void *arg)
{
	(void)arg;
	if (!(atomic_load(&c->released.close_paths) & (PATH_CLOSE | PATH_EXIT)) || !ownership_owns(c))
		return;
	if (c->released.peer_end == PEER_UNKNOWN && settings->mode == MODE_CURE)
		c->released.peer_end = PEER_OUTLIVES_US;
	events_end(c);
}

static void leave_all(int status, struct call call, void (*before_waiting)(void))
{
	struct leaving leaving = {.failed = is_failure(status), .call = call};
	if (settings->mode == MODE_OFF)
		return;
	records_each(leave, &leaving);
	if (linger_count()) {
		if (before_waiting)
			before_waiting();
		linger_finish((unsigned)settings->at_exit_ms);
	}
	records_each(tell_unfinished, NULL);
	events_flush();
}

static void learn_late(struct connection *c, void *nothing)
{
	(void)nothing;
	ssl_free_learn_late(c);
}

/* A helper that was forked owns nothing: it pays for no look at its program. */
static void look_for_open(struct connection *c, void *found)
{
	if (atomic_load(&c->socket.descriptors) && ownership_owns(c))
		*(bool *)found = true;
}

/* The last thread of a program has ended ours before it came here (process.c). */
static void start_again(void)
{
	bool something = false;
	records_each(look_for_open, &something);
	if (something && settings->mode == MODE_CURE)
		linger_start();
}

/* By what: nothing, for a return from main. */
static struct call exit_call;

void process_exit_is_called(struct call call)
{
	if (process_is_original())
		exit_call = call;
}

void process_exit_normally(int status)
{
	records_each(learn_late, NULL);
	start_again();
	leave_all(status, exit_call, process_save_output);
}

void process_exit_at_once(int status, struct call call)
{
	if (!process_is_original())
		return;
	leave_all(status, call, NULL);
	process_ends();
}

/* --- quick_exit --- */

static _Atomic int quick_status;
static struct call quick_call;

void process_exit_quickly(int status, struct call call)
{
	if (!process_is_original())
		return;
	quick_call = call;
	atomic_store(&quick_status, status);
}

static void at_quick_exit_of_ours(void)
{
	process_exit_at_once(atomic_load(&quick_status), quick_call);
}

void process_exit_watch_quick(void)
{
	static _Atomic bool watching;
	if (!atomic_exchange(&watching, true))
		at_quick_exit(at_quick_exit_of_ours);
}

/* --- exec --- */

static bool stays_open(const struct connection *c)
{
	int flags = real.fcntl(descriptors_any(c), F_GETFD);
	return flags >= 0 && !(flags & FD_CLOEXEC);
}

static void leave_behind(struct connection *c, void *leaving)
{
	bool tls_goes_on = atomic_load(&c->ssl) && !c->released.notify_by_program;
	if (tls_goes_on || !stays_open(c))
		leave(c, leaving);
}

void exec_release(enum exec_by by, const char *file, int fd, char *const argv[], char *const environment[],
		  struct call call)
{
	bool something = linger_count() != 0;
	struct leaving leaving = {.call = call};
	int saved = errno, cancel_state;
	if (!process_is_original())
		return;
	/* exec is no cancellation point; open() is */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	process_executes();
	records_each(look_for_open, &something);
	if (something && settings->mode != MODE_OFF && runnable_finds_program(by, file, fd) &&
	    runnable_arguments_fit(argv, environment)) {
		records_each(leave_behind, &leaving);
		linger_wait((unsigned)settings->at_exit_ms);
		events_flush();
	}
	pthread_setcancelstate(cancel_state, NULL);
	errno = saved;
}
