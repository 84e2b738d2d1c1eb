/* SPDX-License-Identifier: MIT */
/*
 * The constructor: what has to be known before the program runs, and may not be asked for later (in a signal handler, in a
 * chroot, under a seccomp filter, with another environment).
 */
#include "connection/hub.h"
#include "events/events.h"
#include "events/log.h"
#include "release/fork.h"
#include "sys/blocked_signals.h"
#include "sys/call_sites.h"
#include "sys/in_handler.h"
#include "sys/real.h"
#include "sys/settings.h"

#include <errno.h>

/* Where the hub has the log file, it has opened it. */
static void look_at_log(void)
{
	int error = *settings->log_file ? log_try(settings->log_file) : 0;
	if (!error)
		return;
	events_bad_log(settings->log_file, error);
	settings_log_to_stderr();
}

/* The hub lives as long as its tree: so each process of it says that it is there. */
static void say_hello(void)
{
	struct blocked_signals before;
	hub_begin();
	if (!hub_is_there())
		return;
	blocked_signals_begin(&before, true);
	hub_say(MESSAGE_HELLO, NULL, 0, NULL, 0);
	blocked_signals_end(&before);
}

__attribute__((constructor)) static void begin(void)
{
	int saved = errno;
	real_init();
	in_handler_init();
	events_init();
	settings_read();
	fork_watch(); /* before the first connection, too, a thread may look at a program (loadable.h) */
	say_hello();
	look_at_log();
	settings_complain(events_complain);
	call_sites_begin();
	errno = saved;
}
