/* SPDX-License-Identifier: MIT */
/*
 * See exec.h. An exec leaves each descriptor without FD_CLOEXEC to the next program: where the SSL is alive, nobody
 * can go on with the TLS on it, and its end is said here; where the SSL was freed before, or the program has said
 * close_notify, the next program may go on in plaintext, and the connection is left to it.
 */
#include "release/exec.h"

#include "connection/descriptors.h"
#include "connection/ownership.h"
#include "connection/records.h"
#include "release/process_exit.h"
#include "release/release.h"
#include "release/tls_word.h"
#include "sys/blocked_signals.h"
#include "sys/clock.h"
#include "sys/process.h"
#include "sys/settings.h"

#include <errno.h>

enum { IN_PLACE_MS = 1000 }; /* as at an exit */

struct leaving {
	struct call call;
	uint64_t until_us;
};

/* A helper that was forked owns nothing: it pays for no look at its program. */
static void look_for_open(struct connection *c, void *found)
{
	if (atomic_load(&c->socket.descriptors) && ownership_owns(c))
		*(bool *)found = true;
}

static bool stays_open(const struct connection *c)
{
	int flags = real.fcntl(descriptors_any(c), F_GETFD);
	return flags >= 0 && !(flags & FD_CLOEXEC);
}

/*
 * Where TLS is over, a program that gets the socket as its input or output goes on in plaintext, and holds the connection in our
 * place. One that finds it at another number has it by oversight, as a rule: it would never say that it lets go.
 */
static bool is_handed_on(const struct connection *c)
{
	bool found = false;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && !found && !atomic_load(&c->ssl); fd++) {
		struct connection *there = descriptors_ref_connection(fd);
		found = there == c && !(real.fcntl(fd, F_GETFD) & FD_CLOEXEC);
		if (there)
			records_unref(there);
	}
	return found;
}

static void let_go_unspoken(struct connection *c, void *arg)
{
	(void)arg;
	release_look_since_fork(c);
	if (!is_handed_on(c))
		ownership_lets_go_unspoken(c);
}

static void leave(struct connection *c, void *arg)
{
	const struct leaving *leaving = arg;
	bool tls_goes_on = atomic_load(&c->ssl) && !c->released.notify_by_program;
	bool left = atomic_load(&c->released.close_paths) & PATH_EXIT;
	if (!left && (tls_goes_on || !stays_open(c)))
		process_exit_release(c, false, leaving->call, leaving->until_us);
}

void exec_release(enum exec_by by, const char *file, int fd, char *const argv[], char *const environment[],
		  struct call call)
{
	bool something = false;
	struct leaving leaving = {.call = call, .until_us = clock_us() + IN_PLACE_MS * 1000};
	struct blocked_signals before;
	int saved = errno;
	if (!records_any() || !process_is_original())
		return;
	blocked_signals_begin(&before, true); /* exec is no cancellation point; open() is */
	if (ownership_any_shared())
		records_each(let_go_unspoken, NULL);
	records_each(look_for_open, &something);
	if (something && settings->mode != MODE_OFF && runnable_finds_program(by, file, fd) &&
	    runnable_arguments_fit(argv, environment))
		records_each(leave, &leaving);
	tls_word_take_back();
	blocked_signals_end(&before);
	errno = saved;
}
