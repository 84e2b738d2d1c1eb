/* SPDX-License-Identifier: MIT */
/* See holds.h. */
#include "hub/held.h"

#include "sys/clock.h"
#include "hub/hub_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SPARE_DESCRIPTORS = 64 }; /* for what is on its way: messages, the log's rotation */

static unsigned most_descriptors;
static uint64_t next_number = 1;

void holds_begin(unsigned descriptors)
{
	most_descriptors = descriptors;
}

/* --- its end --- */

static void tell(const struct held *held, enum event_kind kind)
{
	char bytes[LINE_MAX_BYTES];
	struct text line = text_in(bytes, sizeof bytes);
	if (!held->hold.tells || (held->hold.to_stderr ? !held->stderr_file : !hub_log_has_file()))
		return;
	if (!hold_render(&held->hold, kind, held->sites, &line))
		return;
	if (held->hold.to_stderr)
		hub_log_line_to(stderr_files_descriptor(held->stderr_file), line.bytes, line.length);
	else
		hub_log_line(line.bytes, line.length);
}

static void tell_half_close(struct held *held)
{
	if (held->told_half_close || !held->hold.drain.half_closed_by_us)
		return;
	held->told_half_close = true;
	tell(held, EVENT_HALF_CLOSE);
}

/* Closed first: who has read the line may rely on it. */
static void finish(struct held *held)
{
	struct process *process = held->process;
	tell_half_close(held);
	timers_stop(&held->timer);
	watch_remove(held->fd, &held->source);
	close(held->fd);
	hold_finish(&held->hold);
	tell(held, EVENT_DRAIN);
	tell(held, EVENT_END);
	if (held->stderr_file)
		stderr_files_unref(process, held->stderr_file);
	held_unlist(held);
	residue_forget(&held->hold.drain.residue);
	free(held->sites);
	watch_retire(held);
	processes_let_go(process);
}

/* Where it is over already, that is what it was. */
static void give_up(struct held *held, enum peer_end why)
{
	drain_give_up(&held->hold.drain, held->fd, &kernel_raw, why, clock_us());
	finish(held);
}

void holds_end_all(void)
{
	while (held_oldest())
		give_up(held_oldest(), PEER_OUTLIVES_US);
}

/* --- its steps --- */

/* EPOLLHUP and EPOLLERR are told in any case: where nothing is waited for, once. */
static bool watch(struct held *held)
{
	const struct drain *drain = &held->hold.drain;
	uint32_t events =
		(drain_waits_to_read(drain) ? EPOLLIN : 0u) | (drain_waits_to_send(drain) ? EPOLLOUT : 0u);
	if (!events)
		events = EPOLLET;
	if (events == held->watched)
		return true;
	bool new = !held->watched;
	held->watched = events;
	return new ? watch_add(held->fd, events, &held->source)
		   : watch_change(held->fd, events, &held->source);
}

static void on_event(struct source *source, uint32_t events)
{
	struct held *held = (struct held *)source;
	(void)events;
	if (drain_go_on(&held->hold.drain, held->fd, &kernel_raw, clock_us()) || !watch(held))
		give_up(held, PEER_UNKNOWN);
	else
		tell_half_close(held);
}

/* close_notify does not follow any more: its reason is what the message said. */
static void stop_waiting(struct held *held)
{
	hold_stops_waiting(&held->hold);
	held->follows_until_us = 0;
}

/* False: it is over. */
static bool look(struct held *held, uint64_t now)
{
	if (held->follows_until_us && now >= held->follows_until_us) {
		stop_waiting(held);
		if (drain_go_on(&held->hold.drain, held->fd, &kernel_raw, now) || !watch(held))
			return false;
		tell_half_close(held);
	}
	uint64_t next = drain_look(&held->hold.drain, held->fd, &kernel_raw, now);
	if (!next)
		return false;
	if (held->follows_until_us && held->follows_until_us < next)
		next = held->follows_until_us;
	return timers_set(&held->timer, next);
}

void holds_look(uint64_t now_us)
{
	struct timer *timer;
	while ((timer = timers_first()) && timer->at_us <= now_us) {
		struct held *held = held_of_timer(timer);
		if (!look(held, now_us))
			give_up(held, PEER_UNKNOWN);
	}
}

/* --- its limits --- */

void holds_make_room(unsigned others, unsigned more)
{
	unsigned open = others + stderr_files_count() + more + SPARE_DESCRIPTORS;
	while (held_oldest() && open + held_count() > most_descriptors)
		give_up(held_to_spare(), PEER_GIVEN_UP);
}

/* Before the newcomer is in the lists: it is not to be spared itself. */
static void keep_process_within(struct process *process, uint32_t number)
{
	while (process->held >= number)
		give_up(held_to_spare_of(process), PEER_GIVEN_UP);
}

/* --- its beginning --- */

static bool is_stream_socket(int fd, int *family)
{
	int type = 0;
	socklen_t size = sizeof type, family_size = sizeof *family;
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
	       getsockopt(fd, SOL_SOCKET, SO_DOMAIN, family, &family_size) == 0;
}

/* What came as bytes, made into something of ours: no pointer of theirs stays. */
static struct held *unpack(struct process *process, const struct message_hold *message, int fd)
{
	struct held *held = calloc(1, sizeof *held);
	const char *bytes = (const char *)(message + 1);
	if (!held)
		return NULL;
	*held = (struct held){.process = process, .fd = fd, .number = next_number, .hold = message->hold};
	struct hold *hold = &held->hold;
	hold->drain.residue = (struct residue){.kernels = message->hold.drain.residue.kernels};
	bool kept = !hold->residue_length || residue_keep(&hold->drain.residue, bytes, hold->residue_length);
	if (kept && hold->sites_length) {
		held->sites = malloc(hold->sites_length);
		kept = held->sites != NULL;
		if (kept)
			memcpy(held->sites, bytes + hold->residue_length, hold->sites_length);
	}
	if (!kept) {
		residue_forget(&hold->drain.residue);
		free(held);
		return NULL;
	}
	return held;
}

static uint64_t hurry_us = UINT64_MAX;

static void hurry(struct held *held, uint64_t now)
{
	struct drain *drain = &held->hold.drain;
	uint64_t total = now - drain->since_us + hurry_us;
	if (hurry_us != UINT64_MAX && total < drain->limits.total_us)
		drain->limits.total_us = total;
}

static void go_on(struct held *held, uint64_t now)
{
	if (drain_go_on(&held->hold.drain, held->fd, &kernel_raw, now) || !watch(held) || !look(held, now))
		give_up(held, PEER_UNKNOWN);
	else
		tell_half_close(held);
}

/* The program had no time to ask. */
static void learn_addresses(struct held *held)
{
	struct event_who *who = &held->hold.who;
	if (!held->hold.tells || who->local.family != AF_UNSPEC)
		return;
	endpoint_ask(&who->local, held->fd, false);
	endpoint_ask(&who->peer, held->fd, true);
}

static void begin(struct held *held, int family)
{
	struct drain *drain = &held->hold.drain;
	uint64_t now = clock_us();
	drain->family = family;
	drain->ended_us = 0;
	if (!drain->since_us || drain->since_us > now)
		drain_begin(drain, now);
	if (!drain->sends_only)
		drain_shares_port(held->fd, &kernel_raw);
	drain->held_back = held->hold.follows;
	if (held->hold.follows)
		held->follows_until_us = now + held->hold.follows_ms * UINT64_C(1000);
	hurry(held, now);
	held->source.ready = on_event;
	learn_addresses(held);
	go_on(held, now);
}

enum message_fault holds_take(struct process *process, const struct message_hold *message, int fd,
			      int error_fd)
{
	int family = 0;
	struct held *held = NULL;
	enum message_fault fault = MESSAGE_GOOD;
	keep_process_within(process, message->hold.number);
	if (!is_stream_socket(fd, &family))
		fault = MESSAGE_BAD_DESCRIPTORS;
	else if (held_find(process, message->hold.id))
		fault = MESSAGE_REPEATED;
	else if (!(held = unpack(process, message, fd)) || !held_list(held, &next_number))
		fault = MESSAGE_NO_ROOM;
	if (fault != MESSAGE_GOOD) {
		if (held) {
			residue_forget(&held->hold.drain.residue);
			free(held->sites);
			free(held);
		}
		close(fd);
		if (error_fd >= 0)
			close(error_fd);
		return fault;
	}
	if (error_fd >= 0)
		held->stderr_file = stderr_files_ref(process, error_fd);
	begin(held, family);
	return MESSAGE_GOOD;
}

enum message_fault holds_spoken(struct process *process, const struct message_spoken *message)
{
	struct held *held = held_find(process, message->speech.id);
	if (!held || !held->follows_until_us)
		return MESSAGE_LATE;
	hold_speaks(&held->hold, &message->speech, message + 1);
	stop_waiting(held);
	uint64_t now = clock_us();
	held->hold.drain.moved_us = now;
	go_on(held, now);
	return MESSAGE_GOOD;
}

void holds_nothing_follows(struct process *process)
{
	uint64_t now = clock_us();
	for (struct held *held = process->oldest, *next; held; held = next) {
		next = held->newer_own;
		if (!held->follows_until_us)
			continue;
		stop_waiting(held);
		held->hold.drain.moved_us = now;
		go_on(held, now);
	}
}

void holds_hurry(uint64_t most_us)
{
	uint64_t now = clock_us();
	hurry_us = most_us;
	for (struct held *held = held_oldest(), *next; held; held = next) {
		next = held->newer;
		hurry(held, now);
		if (!look(held, now))
			give_up(held, PEER_UNKNOWN);
	}
}

uint32_t holds_count(void)
{
	return held_count();
}

uint64_t holds_next_number(void)
{
	return next_number;
}

bool holds_over_before(uint64_t number)
{
	return !held_oldest() || held_oldest()->number >= number;
}
