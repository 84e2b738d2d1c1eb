/* SPDX-License-Identifier: MIT */
/* See handover.h. */
#include "linger/handover.h"

#include "connection/hub.h"
#include "connection/mailbox.h"
#include "connection/which_socket.h"
#include "events/events.h"
#include "events/lines.h"
#include "events/log.h"
#include "linger/clone.h"
#include "linger/hold.h"
#include "linger/in_place.h"
#include "sys/blocked_signals.h"
#include "sys/clock.h"
#include "sys/process.h"
#include "sys/settings.h"

#include <errno.h>
#include <string.h>

/* How long the hub waits for close_notify where a handler may be running: no longer than anybody notices. */
enum { FOLLOWS_MS = 200 };

/* How long shutdown() waits in place for room in the socket. */
enum { FIN_WITHIN_MS = 50 };

/* Nothing wakes who waits for a task: it is looked at so often. */
enum { AWAIT_STEP_MS = 10 };

/* --- what is handed over --- */

static void begin_drain(struct drain *drain, const struct connection *c)
{
	*drain = (struct drain){
		.limits = {.idle_us = settings->linger_idle_ms * 1000,
			   .total_us = settings->linger_total_ms * 1000,
			   .sending_us = settings->linger_sending_ms * 1000,
			   .bytes = settings->linger_bytes},
		.family = c->socket.is_unix ? AF_UNIX : AF_INET,
		.ktls = c->queues.ktls,
		.reads = true,
		.half_closed = c->released.half_closed,
		.read_shut = c->released.read_shut,
		.reset_seen = c->seen.reset,
		.peer_end = c->released.peer_end,
		.unsent = c->queues.unsent,
		.residue = c->released.residue,
	};
	drain_begin(drain, clock_us());
}

static void fill(struct hold *hold, struct connection *c)
{
	memset(hold, 0, sizeof *hold); /* it travels, padding and all */
	hold->id = c->released.hold_id;
	hold->pid = process_id();
	hold->number = (uint32_t)settings->linger_sockets;
	memcpy(hold->program, events_program(), sizeof hold->program);
	hold->mode = settings->mode;
	hold->level = settings->log_level;
	hold->format = settings->log_format;
	hold->tracked_us = c->socket.tracked_us;
	events_who(c, &hold->who);
	events_end_facts(c, &hold->end);
	begin_drain(&hold->drain, c);
	hold->residue_length = hold->drain.residue.length - hold->drain.residue.sent;
}

/*
 * Its number in this process, for good: connections come again. After an exec the process is the same to the hub, and what
 * the program before has left there has numbers, too: hence they begin at the time, and there is no hold in each microsecond.
 */
static uint64_t new_id(void)
{
	static _Atomic uint64_t last;
	uint64_t none = 0;
	if (!atomic_load(&last))
		atomic_compare_exchange_strong(&last, &none, clock_us());
	return atomic_fetch_add(&last, 1) + 1;
}

/* FIN at once, whatever becomes of the rest: what was written is on its way. */
static void half_close_now(struct connection *c, int fd)
{
	if (c->released.half_closed || residue_any(&c->released.residue) || real.shutdown(fd, SHUT_WR) != 0)
		return;
	c->released.half_closed = true;
	events_half_close(c, BY_TLSBYE);
}

/* --- the ways --- */

/* Is anybody to read of it? (A probe is there in any case.) */
static bool is_read(const struct hold *hold)
{
	return hold->tells && events_end_may_be_told();
}

static unsigned residue_part(const struct connection *c, const struct hold *hold, struct iovec *part)
{
	const struct residue *residue = &c->released.residue;
	*part = (struct iovec){residue->bytes + residue->sent, hold->residue_length};
	return hold->residue_length ? 1 : 0;
}

/* The hub asks for them itself: it has the socket, and not the program's time. */
static void add_addresses(struct connection *c, int fd, struct hold *hold)
{
	if (!is_read(hold))
		return;
	which_socket_addresses(c, fd);
	events_who(c, &hold->who);
}

/* 0, or the errno. */
static int to_hub(struct connection *c, int fd, struct hold *hold, const struct text *sites)
{
	if (!(settings->ways & WAY_HUB) || !hub_is_there())
		return ENOENT;
	struct iovec parts[3] = {{hold, sizeof *hold}};
	int descriptors[2] = {fd, 2};
	unsigned count = 1;
	count += residue_part(c, hold, &parts[count]);
	parts[count++] = (struct iovec){sites->bytes, hold->sites_length};
	bool by_stderr = is_read(hold) && log_goes_to_stderr();
	hold->to_stderr = by_stderr;
	return hub_say(MESSAGE_HOLD, parts, count, descriptors, by_stderr ? 2 : 1);
}

static int to_task(struct connection *c, int fd, struct hold *hold, const struct text *sites)
{
	if (!(settings->ways & WAY_CLONE) || process_is_emulated()) /* valgrind ends who clones */
		return ENOSYS;
	const struct residue *residue = &c->released.residue;
	struct clone_log log = {.mailbox = mailbox_read_by_hub(), .fd = -1};
	if (is_read(hold) && !log.mailbox)
		log.path = log_file_of_task();
	hold->to_stderr = is_read(hold) && !log.mailbox && !log.path && log_has_stderr();
	log.fd = hold->to_stderr ? 2 : -1;
	return clone_hand_over(fd, hold, residue->bytes ? residue->bytes + residue->sent : NULL, sites->bytes,
			       log);
}

static enum reason why_not_now(const struct connection *c)
{
	enum reason entered = claim_why_entered(&c->claim);
	return entered != MAY_SPEAK ? entered : IN_HANDLER;
}

/*
 * Another thread inside reads on, as long as he likes; after a handler the next call comes at once, or none at all: it
 * may have left the call that it interrupted by siglongjmp(), as time limits do.
 */
static void let_follow(struct connection *c, struct hold *hold)
{
	bool inside = claim_is_entered(&c->claim) && !process_has_one_thread();
	hold->end.why = hold->end.why == MAY_SPEAK ? why_not_now(c) : hold->end.why;
	hold->end.would_notify = false;
	hold->follows = true;
	hold->follows_ms = inside ? (uint32_t)settings->linger_total_ms : FOLLOWS_MS;
	hold->drain.held_back = true;
	hold->drain.reads = !inside;
}

/* As it is where nothing follows. */
static void let_go_on(struct hold *hold)
{
	hold->follows = false;
	hold_stops_waiting(hold);
}

static bool give_elsewhere(struct connection *c, int fd, struct hold *hold, const struct text *sites)
{
	int error = to_hub(c, fd, hold, sites);
	if (!error)
		return true;
	if (settings->ways & WAY_HUB && hub_is_there())
		events_hand_over(WAY_CLONE_PLACE, error);
	add_addresses(c, fd, hold);
	error = to_task(c, fd, hold, sites);
	if (error && settings->ways & WAY_CLONE)
		events_hand_over(WAY_IN_PLACE_PLACE, error);
	return !error;
}

static bool give_and_follow(struct connection *c, int fd, struct hold *hold, const struct text *sites)
{
	let_follow(c, hold);
	if (!give_elsewhere(c, fd, hold, sites)) {
		let_go_on(hold);
		return false;
	}
	/* What follows comes after it. Before the mark: from there on another thread's next call puts close_notify there. */
	residue_forget(&c->released.residue);
	atomic_store(&c->released.follows, true);
	claim_mark(&c->claim, CLAIM_FOLLOWS);
	return true;
}

/* What cannot follow any more is silent. */
void handover_gives_up_speech(struct connection *c)
{
	if (c->released.notify != NOTIFY_SENT && c->released.reason == MAY_SPEAK)
		c->released.reason = why_not_now(c);
}

static void tell(const struct hold *hold, const struct text *sites)
{
	struct text line;
	for (unsigned i = 0; is_read(hold) && i < HOLD_EVENTS; i++) {
		if (!lines_take(&line))
			continue;
		if (hold_render(hold, hold_events[i], sites->bytes, &line))
			log_write(&line);
		lines_give_back(&line);
	}
}

/* LINGER=wait: the program's handlers may come meanwhile. One that ends the process tells of what it has ended. */
static void wait_here(struct connection *c, int fd, struct hold *hold, unsigned milliseconds)
{
	atomic_store(&c->released.told, !hold->tells);
	blocked_signals_pause();
	in_place_drain(hold, fd, milliseconds);
	blocked_signals_go_on();
	atomic_store(&c->released.told, true);
}

static void drain_here(struct connection *c, int fd, struct hold *hold, const struct text *sites,
		       uint64_t until_us)
{
	uint64_t now = clock_us();
	unsigned milliseconds = now < until_us ? (unsigned)((until_us - now) / 1000) : 0;
	add_addresses(c, fd, hold);
	if (settings->linger == LINGER_WAIT)
		wait_here(c, fd, hold, milliseconds);
	else
		in_place_drain(hold, fd, milliseconds);
	c->released.residue = hold->drain.residue;
	tell(hold, sites);
}

/* The call sites are rendered here: what they lie in is known to this process alone. */
static void render_sites(const struct connection *c, struct hold *hold, const struct text *sites)
{
	if (is_read(hold))
		hold->sites_length = (uint32_t)event_json_sites_render(
			sites->bytes, HOLD_SITES_MAX, &c->sites, event_json_sites_of(EVENT_END, BY_NOBODY));
}

static void give(struct connection *c, int fd, bool follows, uint64_t until_us, bool elsewhere)
{
	struct hold hold;
	struct text sites = {0};
	bool tells = events_end_begins(c),
	     has_buffer = settings->log_format == FORMAT_JSON && lines_take(&sites);
	c->released.hold_id = new_id();
	if (elsewhere && !follows)
		half_close_now(c, fd);
	fill(&hold, c);
	hold.tells = tells;
	if (has_buffer)
		render_sites(c, &hold, &sites);
	bool given = elsewhere &&
		     (follows ? give_and_follow(c, fd, &hold, &sites) : give_elsewhere(c, fd, &hold, &sites));
	if (!given && follows) {
		handover_gives_up_speech(c);
		events_end_facts(c, &hold.end);
	}
	if (!given)
		drain_here(c, fd, &hold, &sites, until_us);
	if (has_buffer)
		lines_give_back(&sites);
}

void handover_give(struct connection *c, int fd, bool follows, uint64_t until_us)
{
	give(c, fd, follows, until_us, true);
}

void handover_in_place(struct connection *c, int fd, bool follows, uint64_t until_us)
{
	give(c, fd, follows, until_us, false);
}

/* --- parts of a release --- */

void handover_give_fin(struct connection *c, int fd)
{
	struct hold hold;
	struct text none = {0};
	c->released.hold_id = new_id();
	fill(&hold, c);
	hold.drain.sends_only = true;
	if (to_hub(c, fd, &hold, &none) != 0 && to_task(c, fd, &hold, &none) != 0) {
		in_place_drain(&hold, fd, FIN_WITHIN_MS);
		c->released.residue = hold.drain.residue;
	}
	residue_forget(&c->released.residue);
	c->released.half_closed = true;
}

void handover_speaks(struct connection *c)
{
	const struct residue *residue = &c->released.residue;
	struct hold_speech speech = {
		.id = c->released.hold_id,
		.pid = process_id(),
		.reason = c->released.notify == NOTIFY_SENT ? MAY_SPEAK : c->released.reason,
		.completed_record = c->released.completed_record,
		.residue_length = residue->length - residue->sent,
	};
	struct iovec parts[] = {
		{&speech, sizeof speech},
		{residue->bytes + residue->sent, speech.residue_length},
	};
	atomic_store(&c->released.follows, false);
	claim_unmark(&c->claim, CLAIM_FOLLOWS);
	if (!clone_speaks(&speech, parts[1].iov_base))
		hub_say(MESSAGE_SPOKEN, parts, speech.residue_length ? 2 : 1, NULL, 0);
	residue_forget(&c->released.residue);
}

/* The kernel ends a pid namespace with its first process, the hub and all. */
void handover_await(unsigned milliseconds)
{
	if (process_id() != 1)
		return;
	uint64_t until = clock_us() + milliseconds * UINT64_C(1000);
	hub_await_drains(milliseconds);
	while (clone_count() && clock_us() < until)
		real.poll(NULL, 0, AWAIT_STEP_MS);
}
