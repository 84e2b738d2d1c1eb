/* SPDX-License-Identifier: MIT */
/* See fork.h. */
#include "release/fork.h"

#include "connection/descriptors.h"
#include "connection/hub.h"
#include "connection/lent.h"
#include "connection/ownership.h"
#include "connection/records.h"
#include "connection/ssl_table.h"
#include "observe/learn_socket.h"
#include "observe/out_of_reach.h"
#include "release/release.h"
#include "release/tls_word.h"
#include "sys/blocked_signals.h"
#include "sys/process.h"
#include "sys/real.h"
#include "sys/real_objects.h"
#include "sys/openssl.h"

#include <errno.h>
#include <pthread.h>

static void share(struct connection *c, void *arg)
{
	(void)arg;
	ownership_share(c);
	release_look_since_fork(c);
}

static void before(void)
{
	lent_before_fork();
	ownership_before_fork();
	if (records_any() && ownership_fork_shares())
		records_each(share, NULL);
	real_objects_before_fork();
}

static void after_in_parent(void)
{
	real_objects_after_fork();
	ownership_after_fork();
	lent_after_fork();
}

/* A child may outlive its parent, and the hub with it: it says that it is there. */
static void say_hello(void)
{
	struct blocked_signals signals;
	blocked_signals_begin(&signals, true);
	hub_say(MESSAGE_HELLO, NULL, 0, NULL, 0);
	blocked_signals_end(&signals);
}

static void after_in_child(void)
{
	process_begin_anew();
	openssl_child_after_fork();
	real_objects_child_after_fork();
	lent_child_after_fork();
	tls_word_child_after_fork();
	ownership_begin_anew();
	if (records_any()) {
		ownership_child_after_fork();
		ssl_table_child_after_fork();
		descriptors_child_after_fork();
		records_child_after_fork();
		learn_socket_child_after_fork();
		out_of_reach_child_after_fork();
	}
	if (hub_is_there())
		say_hello();
}

void fork_watch(void)
{
	static _Atomic bool watching;
	if (atomic_exchange(&watching, true))
		return;
	pthread_atfork(before, after_in_parent, after_in_child);
}

static void take_back(struct connection *c, void *attempt)
{
	ownership_unshare(c, attempt);
}

pid_t fork_try(pid_t (*fork_of_libc)(void))
{
	struct ownership_attempt attempt = {0}, *outer = ownership_attempt_begins(&attempt);
	pid_t child = fork_of_libc();
	int saved = errno;
	ownership_attempt_ends(outer);
	if (child > 0) /* the handlers may not be registered yet */
		ownership_note_child();
	if (child < 0 && ownership_may_unshare(&attempt))
		records_each(take_back, &attempt);
	errno = saved;
	return child;
}
