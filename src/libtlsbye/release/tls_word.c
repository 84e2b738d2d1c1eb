/* SPDX-License-Identifier: MIT */
/* See tls_word.h. */
#include "release/tls_word.h"

#include "connection/hub.h"
#include "events/events.h"
#include "sys/blocked_signals.h"
#include "sys/process.h"
#include "sys/settings.h"

#include <stdatomic.h>
#include <string.h>

static _Atomic bool said;

static bool hub_may_tell(void)
{
	return settings->mode != MODE_OFF && settings->log_level >= LEVEL_WARN && *settings->log_file &&
	       hub_has_log() && settings->ways & WAY_HUB;
}

static void say(enum message_kind kind, const struct iovec *parts, unsigned count)
{
	struct blocked_signals before;
	blocked_signals_begin(&before, true);
	hub_say(kind, parts, count, NULL, 0);
	blocked_signals_end(&before);
}

void tls_word_say(void)
{
	if (atomic_load_explicit(&said, memory_order_relaxed) || !hub_may_tell() ||
	    atomic_exchange(&said, true))
		return;
	struct teller teller = {.pid = process_id(), .mode = settings->mode, .format = settings->log_format};
	struct iovec part = {&teller, sizeof teller};
	memcpy(teller.program, events_program(), sizeof teller.program);
	say(MESSAGE_TLS, &part, 1);
}

void tls_word_child_after_fork(void)
{
	atomic_store(&said, false);
}

void tls_word_take_back(void)
{
	if (atomic_exchange(&said, false))
		say(MESSAGE_BYE, NULL, 0);
}
