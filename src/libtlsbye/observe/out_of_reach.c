/* SPDX-License-Identifier: MIT */
/* See out_of_reach.h. */
#include "observe/out_of_reach.h"

#include "connection/hidden_calls.h"
#include "connection/which_socket.h"
#include "events/events.h"
#include "sys/settings.h"

static _Atomic uint64_t count;      /* of this process */
static _Atomic uint64_t told;       /* so many of them are known to who reads level info */
static _Atomic bool first_was_told; /* at level info */

static bool is_one(const struct connection *c)
{
	return c->seen.spoken && c->seen.handshaken && !c->socket.cookie && !c->seen.hands_off &&
	       !atomic_load(&c->released.not_ours) && settings->mode != MODE_OFF;
}

/* What BIO_free says is not said yet (bio_free.c), and who has a BIO_f_ssl may have said it where no hook saw that. */
static bool knows_of_shutdown(const struct connection *c)
{
	return c->seen.called_shutdown ||
	       (!hidden_calls_any() && !(atomic_load(&c->released.close_paths) & PATH_BIO_FREE));
}

void out_of_reach_note(struct connection *c)
{
	if (!is_one(c) || atomic_exchange(&c->released.told, true))
		return;
	struct event_out_of_reach facts = {.count = atomic_fetch_add(&count, 1) + 1,
					   .called_shutdown = c->seen.called_shutdown,
					   .knows_of_shutdown = knows_of_shutdown(c)};
	bool first = !which_socket_any() && !atomic_exchange(&first_was_told, true);
	if (first)
		atomic_store(&told, facts.count);
	events_out_of_reach(c, first ? LEVEL_INFO : LEVEL_DEBUG, &facts);
}

void out_of_reach_sum(void)
{
	uint64_t all = atomic_load(&count);
	if (all > atomic_exchange(&told, all) && !events_steps_may_be_told())
		events_out_of_reach(NULL, LEVEL_INFO, &(struct event_out_of_reach){.count = all});
}

void out_of_reach_child_after_fork(void)
{
	atomic_store(&count, 0);
	atomic_store(&told, 0);
	atomic_store(&first_was_told, false);
	which_socket_child_after_fork();
}
