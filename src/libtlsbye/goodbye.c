/* SPDX-License-Identifier: MIT */
/*
 * The doors (goodbye.h): who speaks, who drains, and in what order, for each way of letting go.
 */
#include "goodbye.h"

#include "drain.h"
#include "events.h"
#include "farewell.h"
#include "linger.h"
#include "process.h"
#include "settings.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>

/* How long shutdown() and a waiting close() wait for the linger thread to speak: it does so within microseconds. */
enum { ANSWER_WITHIN_MS = 1000 };

/*
 * While the goodbye is inside on the program's own thread, no handler and no cancellation of that thread may come:
 * the handler could enter the same connection and wait for itself.
 */
struct quiet_thread {
	sigset_t mask;
	int cancel_state;
};

static void quieten(struct quiet_thread *before)
{
	sigset_t all;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before->mask);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before->cancel_state);
}

static void resume(const struct quiet_thread *before)
{
	pthread_setcancelstate(before->cancel_state, NULL);
	pthread_sigmask(SIG_SETMASK, &before->mask, NULL);
}

static bool curing(void)
{
	return settings->mode == MODE_CURE;
}

static void note_door(struct connection *c, uint32_t door)
{
	atomic_fetch_or(&c->doors, door);
}

/* --- the first words --- */

void goodbye_introduce(struct connection *c, SSL *ssl)
{
	c->spoken = true;
	process_init();
	if (settings->mode == MODE_OFF)
		return;
	connection_learn_socket(c, ssl);
	if (curing() && atomic_load(&c->fd) >= 0)
		linger_start();
	process_watch_exit();
}

/* --- SSL_shutdown --- */

int goodbye_read_the_rest(struct connection *c, SSL *ssl)
{
	char junk[4096];
	uint64_t until = now_us() + settings->linger_total_ms * 1000;
	int n = 1;
	if (!curing() || c->hands_off || c->notify != NOTIFY_SENT ||
	    c->lib->SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN)
		return 1;
	if (!c->called_shutdown) /* we said it at an earlier door; the real call would wait for the peer */
		return 0;
	while (n > 0 && c->never_read < settings->linger_bytes && now_us() < until) {
		n = c->lib->SSL_read(ssl, junk, sizeof junk);
		if (n > 0)
			c->never_read += (uint64_t)n;
	}
	return n > 0 || c->lib->SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN ? 1 : -1;
}

/* --- SSL_free, SSL_clear --- */

/*
 * P6: the goodbye acts on a hold of its own, whose identity is checked there. The copy is in the program's table for
 * the length of one send; it is not inherited by exec.
 */
static void speak_on_hold(struct connection *c)
{
	int fd = atomic_load(&c->fd);
	int hold = fd >= 0 && connection_of_descriptor(fd) == c ? real.fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	if (hold >= 0) {
		farewell_say(c, hold);
		real.close(hold);
	} else if (c->notify != NOTIFY_SENT && c->silence == MAY_SPEAK) {
		c->silence = farewell_silence(c);
		if (c->silence == MAY_SPEAK)
			c->silence = SOCKET_CHANGED;
	}
}

/* A close that found somebody inside has left the hold to the linger thread, which looks every few milliseconds. */
static void let_the_linger_thread_speak(struct connection *c)
{
	if (atomic_load(&c->speaks_later))
		linger_await_answer(c, 50);
}

static void part(struct connection *c, uint32_t door)
{
	int saved = errno;
	struct quiet_thread before;
	SSL *ssl = atomic_load(&c->ssl);
	note_door(c, door);
	if (curing())
		linger_start(); /* a fork child that made no SSL_* call yet has no thread */
	let_the_linger_thread_speak(c);
	quieten(&before);
	c->not_ours = !process_owns(c);
	if (!claim_take_after_goodbye(&c->claim)) {
		if (c->notify != NOTIFY_SENT)
			c->silence = SOMEBODY_INSIDE;
	} else {
		c->unread_tls = (uint32_t)c->lib->SSL_pending(ssl);
		if (curing() && c->spoken)
			speak_on_hold(c);
		else if (c->notify != NOTIFY_SENT)
			c->silence = farewell_silence(c);
		claim_drop(&c->claim);
	}
	process_lets_go(c, c->notify == NOTIFY_SENT);
	connection_detach_ssl(c);
	resume(&before);
	errno = saved;
}

struct libssl *goodbye_before_free(SSL *ssl)
{
	struct connection *c = ssl ? connection_of_ssl(ssl) : NULL;
	if (!c)
		return NULL;
	struct libssl *lib = c->lib; /* the record may be another connection's soon */
	if (process_is_home() && __atomic_fetch_sub(&c->references, 1, __ATOMIC_ACQ_REL) == 1)
		part(c, DOOR_FREE);
	return lib;
}

void goodbye_before_clear(SSL *ssl)
{
	/* OpenSSL calls SSL_clear itself when a handshake begins: then somebody is inside. */
	struct connection *c = connection_of_ssl(ssl);
	bool between = c && c->spoken && process_is_home() && !claim_is_entered(&c->claim) &&
		       !c->lib->SSL_in_init(ssl);
	if (!between)
		return;
	uint32_t references = c->references;
	struct libssl *lib = c->lib;
	part(c, DOOR_CLEAR);
	connection_track_again(ssl, lib, references);
}

/* --- close --- */

/* A connection on which nothing was ever said has nothing to end. */
static bool worth_a_goodbye(const struct connection *c)
{
	return c->spoken && !c->hands_off;
}

/* P7: SHUT_WR and a drain act for every holder of the socket, so they too are for the owner only. */
static bool ours(const struct connection *c)
{
	return !c->not_ours && (!atomic_load(&c->ssl) || process_owns(c));
}

static bool abort_meant(int fd)
{
	struct linger linger;
	socklen_t size = sizeof linger;
	return getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &size) == 0 && linger.l_onoff &&
	       !linger.l_linger;
}

/* What must not outlive the close that the program sees: events of its epoll sets, signals of O_ASYNC. */
static void leave_the_program(int fd)
{
	epoll_sets_forget_socket(fd);
	int flags = real.fcntl(fd, F_GETFL);
	if (flags >= 0 && flags & O_ASYNC)
		real.fcntl(fd, F_SETFL, flags & ~O_ASYNC);
}

/* The whole goodbye is the linger thread's. False where it could not be given to it. */
static bool hand_over(struct connection *c, int fd, bool may_use_ssl)
{
	unsigned asked = ASK_EVENT;
	if (settings->linger != LINGER_OFF)
		asked |= ASK_HALF_CLOSE | ASK_DRAIN;
	bool speak = may_use_ssl && atomic_load(&c->ssl);
	bool claimed = speak && claim_take(&c->claim);
	if (speak)
		asked |= claimed ? ASK_SPEAK : ASK_SPEAK_LATER;
	atomic_store(&c->speaks_later, speak && !claimed);
	leave_the_program(fd);
	if (linger_hand_over(c, fd, asked))
		return true;
	atomic_store(&c->speaks_later, false);
	if (claimed)
		claim_drop(&c->claim);
	return false;
}

/* TLSBYE_LINGER=wait: the thread speaks, because close() must not call OpenSSL; the drain is in close() itself. */
static void say_and_wait(struct connection *c, int fd, bool may_use_ssl)
{
	if (!may_use_ssl || !atomic_load(&c->ssl) || !claim_take(&c->claim))
		return;
	if (linger_hand_over(c, fd, ASK_SPEAK))
		linger_await_answer(c, ANSWER_WITHIN_MS);
	else
		claim_drop(&c->claim);
}

static void drain_here(struct connection *c, int fd, bool patient)
{
	if (settings->linger != LINGER_OFF)
		linger_in_place(c, fd, patient ? (unsigned)settings->linger_idle_ms : 0);
	event_end(c);
}

static void observe_end(struct connection *c, int fd)
{
	drain_measure(c, fd);
	event_end(c);
}

/* Why this end is passed through as it is; MAY_SPEAK where it is not. */
static enum silence passed_through(const struct connection *c, int fd)
{
	if (!connection_is_socket(c, fd))
		return SOCKET_CHANGED;
	if (!ours(c))
		return NOT_OWNER;
	return abort_meant(fd) ? ABORT_MEANT : MAY_SPEAK;
}

static void end_connection(struct connection *c, int fd, void *caller)
{
	/* A libssl that is linked -Bsymbolic closes from the middle of its own SSL_free: no SSL is left to use. */
	bool may_use_ssl = !real_is_libcrypto(caller);
	enum silence silence = passed_through(c, fd);
	if (silence != MAY_SPEAK)
		c->silence = silence;
	if (silence == NOT_OWNER)
		process_lets_go(c, false);

	if (!curing() || silence != MAY_SPEAK) {
		observe_end(c, fd);
	} else if (settings->linger == LINGER_WAIT) {
		say_and_wait(c, fd, may_use_ssl);
		drain_here(c, fd, true);
	} else if (!epoll_sets_all_known() || !hand_over(c, fd, may_use_ssl)) {
		drain_here(c, fd, linger_refused());
	}
}

void goodbye_before_close(int fd, void *caller)
{
	if (!process_is_home())
		return;
	int saved = errno;
	struct quiet_thread before;
	quieten(&before);
	struct connection *c = connection_take_descriptor(fd);
	if (c) {
		bool last = !atomic_load(&c->descriptors);
		if (last && worth_a_goodbye(c)) {
			note_door(c, DOOR_CLOSE);
			end_connection(c, fd, caller);
		}
		if (last)
			atomic_store(&c->fd, -1);
		connection_unstake(c);
	}
	resume(&before);
	errno = saved;
}

int goodbye_close(int fd, void *caller)
{
	goodbye_before_close(fd, caller);
	return real.close(fd);
}

void goodbye_before_dup_over(int from, int to, void *caller)
{
	if (real.fcntl(from, F_GETFD) >= 0)
		goodbye_before_close(to, caller);
}

void goodbye_after_dup(int from, int to)
{
	struct connection *c = connection_of_descriptor(from);
	if (!process_is_home())
		return;
	if (c)
		connection_add_descriptor(c, to);
	else
		epoll_set_seen(to);
}

/* --- shutdown --- */

bool goodbye_before_shutdown(int fd, int how)
{
	struct connection *c = connection_of_descriptor(fd);
	if (!c || !process_is_home() || !worth_a_goodbye(c))
		return true;
	if (how != SHUT_WR)
		c->read_shut = true;
	if (how == SHUT_RD || !curing() || !ours(c))
		return true;

	int saved = errno;
	struct quiet_thread before;
	quieten(&before);
	note_door(c, DOOR_SHUTDOWN);
	c->fin_later = false;
	if (atomic_load(&c->ssl) && claim_take(&c->claim)) {
		if (linger_hand_over(c, fd, ASK_SPEAK | (how == SHUT_WR ? ASK_FIN_BEHIND : 0)))
			linger_await_answer(c, ANSWER_WITHIN_MS);
		else
			claim_drop(&c->claim);
	}
	resume(&before);
	errno = saved;
	return !c->fin_later;
}

/* --- exit --- */

struct leaving {
	int status;
	bool any;
};

static void leave(struct connection *c, void *arg)
{
	struct leaving *leaving = arg;
	int fd = atomic_load(&c->fd);
	if (!ours(c))
		process_lets_go(c, false);
	if (fd < 0 || connection_of_descriptor(fd) != c || !worth_a_goodbye(c) || !ours(c) ||
	    !connection_is_socket(c, fd))
		return;
	note_door(c, DOOR_EXIT);
	bool failed = leaving->status != 0;
	if (failed && c->notify != NOTIFY_SENT)
		c->silence = FAILED_EXIT;
	if (!curing() || abort_meant(fd))
		observe_end(c, fd);
	else if (settings->linger != LINGER_OFF || !failed)
		hand_over(c, fd, !failed);
}

void goodbye_exit(int status)
{
	struct leaving leaving = {.status = status};
	if (settings->mode == MODE_OFF)
		return;
	connection_each(leave, &leaving);
	if (linger_count()) {
		process_save_output();
		linger_finish((unsigned)settings->at_exit_ms);
	}
	events_flush();
}
