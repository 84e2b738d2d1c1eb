/* SPDX-License-Identifier: MIT */
/*
 * The linger thread: what it holds, and when it lets go. linger.h says what it is for and how sockets come to it.
 *
 * A hold goes through: wait until nobody is inside (seldom), speak, send what the socket did not take, half-close,
 * drain. Each step ends by the peer, or by one of the limits (P10). The thread alone touches the holds; the only words
 * that it shares are the count and the state.
 */
#include "linger/linger.h"

#include "linger/drain.h"
#include "events/events.h"
#include "tls/close_notify.h"
#include "linger/handover.h"
#include "connection/process.h"
#include "sys/settings.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

enum thread_state { NOT_STARTED, STARTING, RUNNING, REFUSED };
enum {
	STACK_SIZE = 512 * 1024,
	READY_WITHIN_MS = 1000,
	LOOK_INSIDE_EVERY_MS = 5,
	FORK_WAIT_MS = 1000,
	END_WITHIN_MS = 1000,
	LOOK_AROUND_EVERY_MS = 500,
	OWN_DESCRIPTORS = 8
};

struct hold {
	struct connection *c; /* NULL: a free place */
	int fd;
	unsigned asked;
	uint64_t since_us;   /* when it came */
	uint64_t moved_us;   /* when the peer last sent or took something */
	uint32_t unsent;     /* at the last look */
	bool peer_has_ended; /* its FIN came while we still had something to send */
};

static _Atomic uint32_t state;
static _Atomic uint32_t count; /* holds, and messages on their way */
static pthread_mutex_t speaking = PTHREAD_MUTEX_INITIALIZER;
static bool speaking_locked_for_fork;
static _Atomic bool speech_is_over; /* the process exits: OpenSSL cleans up */
static _Atomic bool end_asked;      /* by the program's last thread, which waits for ours to end */
static pthread_t thread;

/* The thread's own. */
static struct hold *holds;
static unsigned held, used_places;
static uint64_t look_at_us; /* no limit is reached before */
static int inbox, bell, events;

enum { INBOX = UINT32_MAX, BELL = UINT32_MAX - 1 };

/* --- a hold's end --- */

static void answer(struct connection *c)
{
	atomic_store(&c->answered, 1);
	futex_wake(&c->answered);
}

static void let_go(struct hold *hold)
{
	struct connection *c = hold->c;
	/* The file may be open elsewhere: closed alone, it would stay in the set, and go on telling of itself. */
	real.epoll_ctl(events, EPOLL_CTL_DEL, hold->fd, NULL);
	if (hold->asked & ASK_EVENT) /* this may be the last close; else the program still has its own */
		drain_forget_linger_time(hold->fd);
	bool unmeasured = hold->asked & ASK_EVENT && !(hold->asked & ASK_DRAIN) && !c->socket.datagram;
	if (unmeasured) /* LINGER=off: this close is the bare one, and resets as that would */
		drain_measure(c, hold->fd);
	c->left_unsent = drain_unsent(hold->fd);
	real.close(hold->fd);
	c->lingered = hold->asked & ASK_DRAIN;
	c->drain_us = clock_us() - hold->since_us;
	if (c->lingered)
		events_drain(c);
	if (hold->asked & ASK_EVENT)
		events_end(c);
	hold->c = NULL;
	held--;
	if (c->socket.datagram)
		answer(c);
	records_unref(c);
	atomic_fetch_sub(&count, 1);
	futex_wake(&count);
}

static void give_up(struct hold *hold, enum peer_end why)
{
	if (hold->c->released.peer_end == PEER_UNKNOWN)
		hold->c->released.peer_end = why;
	/* The program was told that its FIN is on the way; not, where a thread may be writing still. */
	if (hold->asked & ASK_HALF_CLOSE && !(hold->asked & ASK_SPEAK_LATER))
		drain_half_close(hold->c, hold->fd);
	let_go(hold);
}

/* --- a hold's steps --- */

static void put_fin_behind(struct hold *hold)
{
	if (hold->asked & ASK_FIN_BEHIND && socket_is_of(hold->c, hold->fd) &&
	    !residue_send(hold->c, hold->fd)) {
		hold->c->fin_later = true;
		hold->asked |= ASK_HALF_CLOSE;
	}
}

static void speak(struct hold *hold)
{
	pthread_mutex_lock(&speaking);
	if (!atomic_load(&speech_is_over))
		close_notify_say(hold->c, hold->fd);
	pthread_mutex_unlock(&speaking);
	hold->asked &= ~(unsigned)(ASK_SPEAK | ASK_SPEAK_LATER);
	put_fin_behind(hold);
	if (!(hold->asked & ASK_SPEAK_HELD))
		claim_drop(&hold->c->claim);
	if (!hold->c->socket.datagram) /* who closes a datagram socket may bind its port at once: wait until we have let go */
		answer(hold->c);
}

static void watch(const struct hold *hold, bool sending)
{
	bool reading = hold->asked & ASK_DRAIN && !hold->peer_has_ended;
	struct epoll_event event = {.events = (reading ? EPOLLIN : 0) | (sending ? EPOLLOUT : 0),
				    .data.u32 = (uint32_t)(hold - holds)};
	if (real.epoll_ctl(events, EPOLL_CTL_MOD, hold->fd, &event) != 0)
		real.epoll_ctl(events, EPOLL_CTL_ADD, hold->fd, &event);
}

/* As far as it goes without waiting. Ends the hold where everything asked for is done. */
static void go_on(struct hold *hold)
{
	struct connection *c = hold->c;
	if (hold->asked & ASK_SPEAK_LATER)
		return;
	bool all_sent = residue_send(c, hold->fd);
	bool connected = true;
	if (all_sent && hold->asked & ASK_HALF_CLOSE) {
		connected = drain_half_close(c, hold->fd);
		hold->asked &= ~(unsigned)ASK_HALF_CLOSE;
	}
	uint64_t before = c->drained;
	if (hold->asked & ASK_DRAIN && !hold->peer_has_ended)
		hold->peer_has_ended = drain_some(c, hold->fd);
	if (c->drained != before)
		hold->moved_us = clock_us();
	bool nothing_to_wait_for = !(hold->asked & ASK_DRAIN) || hold->peer_has_ended || !connected;
	if ((all_sent && nothing_to_wait_for) || c->released.peer_end == PEER_RESET)
		let_go(hold);
	else
		watch(hold, !all_sent);
}

static uint64_t first(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* No event tells that the peer took something off the send queue: while there is something, look often enough. */
static uint64_t next_look_us(struct hold *hold, uint64_t now)
{
	uint64_t idle = settings->linger_idle_ms * 1000;
	uint32_t unsent = drain_unsent(hold->fd);
	if (unsent < hold->unsent)
		hold->moved_us = now; /* slow, but alive */
	hold->unsent = unsent;
	return unsent ? first(now + idle / 8, hold->moved_us + idle) : hold->moved_us + idle;
}

static void look_at_limits(struct hold *hold, uint64_t now)
{
	uint64_t total = hold->since_us + settings->linger_total_ms * 1000;
	if (hold->asked & ASK_SPEAK_LATER) {
		if (!atomic_load(
			    &hold->c->ssl)) { /* who never came out (a cancelled thread) is not in there any more */
			hold->asked &= ~(unsigned)ASK_SPEAK_LATER;
			go_on(hold);
		} else if (claim_take(&hold->c->claim)) {
			speak(hold);
			go_on(hold);
		} else if (now >= total)
			give_up(hold, PEER_UNKNOWN);
		else
			look_at_us = first(look_at_us, now + LOOK_INSIDE_EVERY_MS * 1000);
		return;
	}
	uint64_t next = next_look_us(hold, now);
	if (now >= total || now >= next)
		give_up(hold, now >= total ? PEER_OVER_LIMIT : PEER_IDLE);
	else
		look_at_us = first(look_at_us, first(total, next));
}

static void look_at_all_limits(uint64_t now)
{
	look_at_us = UINT64_MAX;
	for (unsigned i = 0; i < used_places; i++)
		if (holds[i].c)
			look_at_limits(&holds[i], now);
}

/* --- a hold's beginning --- */

/* Our table has the same limit as the program's, which may lower it at any time, and needs some room for itself. */
static unsigned places_within_limit(void)
{
	struct rlimit limit;
	rlim_t most = settings->linger_sockets;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < most + OWN_DESCRIPTORS)
		most = limit.rlim_cur > OWN_DESCRIPTORS ? limit.rlim_cur - OWN_DESCRIPTORS : 1;
	return (unsigned)most;
}

/* Who can be spared? Rather one that has nothing left on its way to the peer; last of all one that has not spoken. */
static int worth(const struct hold *hold)
{
	if (hold->asked & ASK_SPEAK_LATER)
		return 2;
	return drain_unsent(hold->fd) ? 1 : 0;
}

/* Past the limit the one that can best be spared goes: by its worth, then the oldest. There is at least one. */
static void evict_one(void)
{
	struct hold *best = NULL;
	int best_worth = INT_MAX;
	for (unsigned i = 0; i < used_places; i++) {
		struct hold *hold = &holds[i];
		int worth_of_it = hold->c ? worth(hold) : INT_MAX;
		if (worth_of_it < best_worth ||
		    (best && worth_of_it == best_worth && hold->since_us < best->since_us)) {
			best = hold;
			best_worth = worth_of_it;
		}
	}
	if (best)
		give_up(best, PEER_GIVEN_UP);
}

static void make_room(void)
{
	unsigned most = places_within_limit();
	while (held && held >= most)
		evict_one();
}

static struct hold *free_place(void)
{
	make_room();
	for (unsigned i = 0; i < used_places; i++)
		if (!holds[i].c)
			return &holds[i];
	return &holds[used_places++];
}

static void begin(int fd, const struct request *request)
{
	struct hold *hold = free_place();
	struct connection *c = records_at(request->index);
	uint64_t now = clock_us();
	held++;
	*hold = (struct hold){.c = c, .fd = fd, .asked = request->asked, .since_us = now, .moved_us = now};
	if (hold->asked & ASK_DRAIN)
		drain_measure(c, fd);
	if (hold->asked & (ASK_SPEAK | ASK_SPEAK_HELD))
		speak(hold);
	else if (hold->asked & ASK_FIN_BEHIND) { /* close_notify was said before, and is not out yet */
		put_fin_behind(hold);
		answer(c);
	}
	if (!socket_is_of(c, fd) || c->released.reason == ABORT_MEANT) {
		let_go(hold);
		return;
	}
	hold->unsent = drain_unsent(fd);
	unsigned soon_ms =
		hold->asked & ASK_SPEAK_LATER ? LOOK_INSIDE_EVERY_MS : (unsigned)settings->linger_idle_ms / 8;
	look_at_us = first(look_at_us, now + soon_ms * UINT64_C(1000));
	go_on(hold);
}

/* --- the thread --- */

/* Everything that unshare copied is the program's: held here, its pipes would not end and its listeners would live. */
static bool own_empty_table(void)
{
	return unshare(CLONE_FILES) == 0 && syscall(SYS_close_range, 0, ~0U, 0) == 0;
}

static bool prepare(void)
{
	unsigned places = (unsigned)settings->linger_sockets;
	holds = mmap(NULL, places * sizeof *holds, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (holds == MAP_FAILED || !own_empty_table())
		return false;
	used_places = held = 0;
	look_at_us = UINT64_MAX;
	inbox = handover_open_inbox();
	events = epoll_create1(EPOLL_CLOEXEC);
	bell = handover_open_bell();
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = INBOX},
			   ring = {.events = EPOLLIN | EPOLLET, .data.u32 = BELL};
	event_thread_has_own_table();
	real.epoll_ctl(events, EPOLL_CTL_ADD, bell, &ring); /* it does without, if need be */
	return inbox >= 0 && events >= 0 && real.epoll_ctl(events, EPOLL_CTL_ADD, inbox, &event) == 0;
}

/* The descriptor did not fit into our table: nothing can be done, but those who wait must be told. */
static void lost(const struct request *request)
{
	struct connection *c = records_at(request->index);
	c->released.reason = NO_DESCRIPTOR;
	if (request->asked & ASK_SPEAK)
		claim_drop(&c->claim);
	answer(c);
	if (request->asked & ASK_EVENT)
		events_end(c);
	records_unref(c);
	atomic_fetch_sub(&count, 1);
	futex_wake(&count);
	make_room();
}

static void receive_all(void)
{
	struct request request;
	int fd;
	while ((fd = handover_receive(inbox, &request)) != INBOX_EMPTY) {
		if (fd == HOLD_LOST)
			lost(&request);
		else
			begin(fd, &request);
	}
}

static void answer_bell(void)
{
	struct request request;
	int fd = handover_fetch(bell, &request);
	if (fd >= 0)
		begin(fd, &request);
}

static int milliseconds_to(uint64_t moment, uint64_t now)
{
	if (moment == UINT64_MAX)
		return -1;
	return moment <= now ? 0 : (int)((moment - now) / 1000) + 1;
}

/* main has left, and maybe all the others after it: a process must not live for the sake of our thread. */
static bool is_time_to_end(void)
{
	return atomic_load(&end_asked) || (process_main_has_left() && !held && process_is_deserted());
}

static int milliseconds_to_sleep(uint64_t now)
{
	int until_look = milliseconds_to(look_at_us, now);
	bool looks_around = process_main_has_left();
	return looks_around && (unsigned)until_look > LOOK_AROUND_EVERY_MS ? LOOK_AROUND_EVERY_MS
									   : until_look;
}

/* Its descriptors go with its table. Another one may be started from here on. */
static void retire(void)
{
	munmap(holds, settings->linger_sockets * sizeof *holds);
	atomic_store(&count, 0);
	atomic_store(&state, NOT_STARTED);
}

static void *run(void *nothing)
{
	bool ready = prepare();
	atomic_store(&state, ready ? RUNNING : REFUSED);
	futex_wake(&state);
	while (ready && !is_time_to_end()) {
		struct epoll_event ready_ones[64];
		uint64_t now = clock_us();
		if (now >= look_at_us)
			look_at_all_limits(now);
		int n = epoll_wait(events, ready_ones, 64, milliseconds_to_sleep(now));
		for (int i = 0; i < n; i++) {
			uint32_t place = ready_ones[i].data.u32;
			if (place == INBOX)
				receive_all();
			else if (place == BELL)
				answer_bell();
			else if (holds[place].c)
				go_on(&holds[place]);
		}
	}
	if (ready)
		retire();
	return nothing;
}

/* All signals are the program's; the two that glibc uses among its threads cannot be blocked by this call. */
static bool create_thread(void)
{
	sigset_t all, before;
	pthread_attr_t attributes;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	bool created = pthread_create(&thread, &attributes, run, NULL) == 0;
	pthread_attr_destroy(&attributes);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return created;
}

bool linger_start(void)
{
	uint32_t now = NOT_STARTED;
	if (atomic_compare_exchange_strong(&state, &now, STARTING)) {
		int saved = errno;
		if (!create_thread())
			atomic_store(&state, REFUSED);
		errno = saved;
	}
	for (int i = 0; i < 10 && (now = atomic_load(&state)) == STARTING; i++)
		futex_wait(&state, STARTING, READY_WITHIN_MS / 10);
	return atomic_load(&state) == RUNNING;
}

bool linger_refused(void)
{
	return atomic_load(&state) != RUNNING;
}

bool linger_hand_over(struct connection *c, int fd, unsigned asked)
{
	if (linger_refused())
		return false;
	struct request request = {.index = c->index, .asked = asked};
	records_ref(c);
	atomic_fetch_add(&count, 1);
	atomic_store(&c->answered, 0);
	if (handover_send(fd, &request))
		return true;
	atomic_fetch_sub(&count, 1);
	records_unref(c);
	return false;
}

bool linger_await_answer(struct connection *c, unsigned milliseconds)
{
	uint64_t until = clock_us() + milliseconds * UINT64_C(1000);
	while (!atomic_load(&c->answered) && clock_us() < until)
		futex_wait(&c->answered, 0, (unsigned)((until - clock_us()) / 1000) + 1);
	return atomic_load(&c->answered);
}

uint32_t linger_count(void)
{
	return atomic_load(&count);
}

void linger_wait(unsigned milliseconds)
{
	uint64_t until = clock_us() + milliseconds * UINT64_C(1000), now;
	uint32_t left;
	while ((left = atomic_load(&count)) && (now = clock_us()) < until)
		futex_wait(&count, left, (unsigned)((until - now) / 1000) + 1);
}

void linger_end(unsigned milliseconds)
{
	struct timespec until;
	linger_wait(milliseconds);
	if (linger_refused())
		return;
	atomic_store(&end_asked, true);
	handover_ring();
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += END_WITHIN_MS / 1000;
	pthread_timedjoin_np(thread, NULL, &until);
	atomic_store(&end_asked, false);
}

void linger_look_around(void)
{
	if (!linger_refused())
		handover_ring();
}

void linger_finish(unsigned milliseconds)
{
	linger_wait(milliseconds);
	linger_before_fork(); /* a goodbye that is inside comes out first */
	atomic_store(&speech_is_over, true);
	linger_after_fork();
}

/* --- in place --- */

void linger_in_place(struct connection *c, int fd, unsigned idle_ms)
{
	uint64_t start = clock_us(), total = start + settings->linger_total_ms * 1000, now = start;
	bool shut = false, ended = false;
	drain_measure(c, fd);
	uint32_t unsent = c->queues.unsent;
	while (!ended && now < total) {
		bool all_sent = residue_send(c, fd);
		if (all_sent && !shut) {
			drain_half_close(c, fd);
			shut = true;
		}
		ended = drain_some(c, fd);
		if (ended)
			break;
		struct pollfd wait = {.fd = fd, .events = (short)(POLLIN | (all_sent ? 0 : POLLOUT))};
		if (real.poll(&wait, 1, (int)idle_ms) == 0) {
			uint32_t left = drain_unsent(fd);
			if (left >= unsent)
				break;
			unsent = left;
		}
		now = clock_us();
	}
	if (!ended && now >= total)
		c->released.peer_end = PEER_OVER_LIMIT;
	else if (!ended && idle_ms == settings->linger_idle_ms)
		c->released.peer_end = PEER_IDLE;
	c->left_unsent = drain_unsent(fd);
	c->lingered = true;
	c->drain_us = clock_us() - start;
	events_drain(c);
}

/* --- fork --- */

void linger_before_fork(void)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += FORK_WAIT_MS / 1000;
	/* Bounded: a handler that forks may have interrupted malloc, which the thread may be waiting for. */
	speaking_locked_for_fork = pthread_mutex_timedlock(&speaking, &until) == 0;
}

void linger_after_fork(void)
{
	if (speaking_locked_for_fork)
		pthread_mutex_unlock(&speaking);
}

/* The thread stayed with the parent, and so did its holds. */
void linger_child_after_fork(void)
{
	pthread_mutex_init(&speaking, NULL);
	atomic_store(&state, NOT_STARTED);
	atomic_store(&count, 0);
}
