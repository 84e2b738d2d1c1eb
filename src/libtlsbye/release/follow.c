/* SPDX-License-Identifier: MIT */
/* See follow.h. */
#include "release/follow.h"

#include "linger/handover.h"
#include "sys/blocked_signals.h"
#include "sys/process.h"
#include "tls/close_notify.h"

void follow_speak(struct connection *c)
{
	struct blocked_signals before;
	if (!atomic_load(&c->released.follows) || !process_is_original())
		return;
	blocked_signals_begin(&before, true);
	if (claim_take_after_close_notify(&c->claim)) {
		if (atomic_load(&c->released.follows)) {
			close_notify_say(c, -1);
			handover_speaks(c);
		}
		claim_drop(&c->claim);
	}
	blocked_signals_end(&before);
}
