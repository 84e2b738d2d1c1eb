/* SPDX-License-Identifier: MIT */
/*
 * The doors (goodbye.h): who speaks, who drains, and in what order, for each way of letting go.
 */
#include "goodbye.h"

#include "bios.h"
#include "descriptors.h"
#include "drain.h"
#include "eof.h"
#include "events.h"
#include "farewell.h"
#include "linger.h"
#include "ports.h"
#include "process.h"
#include "read_side.h"
#include "settings.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>

/* How long shutdown() and a waiting close() wait for the linger thread to speak: it does so within microseconds. */
enum { ANSWER_WITHIN_MS = 1000 };

/* How long a drain in place waits for a peer where it should have been in the background. */
enum { IMPATIENT_MS = 50 };

/* How long close() of a datagram socket waits until the linger thread has let go of it. */
enum { DATAGRAM_WITHIN_MS = 100 };

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

/* The SSL before this one on the same socket: it was freed, and what it still had to say comes first. */
static void end_predecessor(struct connection *before, int fd)
{
	if (!before->succeeded || atomic_load(&before->ssl))
		return;
	if (curing() && !before->datagram)
		farewell_send_residue(before, fd);
	event_end(before);
}

void goodbye_introduce(struct connection *c, SSL *ssl)
{
	c->spoken = true;
	process_init();
	if (settings->mode == MODE_OFF)
		return;
	if (curing())
		eof_ignore(c, ssl);
	struct connection *before = connection_hold_by_descriptor(connection_write_fd(c, ssl));
	connection_learn_socket(c, ssl);
	if (before) {
		end_predecessor(before, atomic_load(&c->fd));
		connection_unstake(before);
	}
	if (curing() && atomic_load(&c->fd) >= 0)
		linger_start();
}

/* A number that is another connection's by now was closed behind our back, and is not this one's any more (P6). */
static bool is_anothers(const struct connection *c, int fd)
{
	struct connection *other = connection_hold_by_descriptor(fd);
	if (other)
		connection_unstake(other);
	return other && other != c;
}

/* Only a connection that had no socket yet: one that had, and has none, was closed. */
void goodbye_learn_late(struct connection *c)
{
	SSL *ssl = atomic_load(&c->ssl);
	struct quiet_thread before;
	if (!ssl || c->hands_off || c->cookie || settings->mode == MODE_OFF || !process_is_home())
		return;
	quieten(&before);
	if (claim_take_after_goodbye(&c->claim)) {
		c->spoken = c->spoken || !c->lib->SSL_in_before(ssl);
		int fd = connection_read_fd(c, ssl);
		if (c->spoken && fd >= 0 && !is_anothers(c, fd))
			connection_learn_socket(c, ssl);
		claim_drop(&c->claim);
	}
	resume(&before);
	if (curing() && atomic_load(&c->fd) >= 0)
		linger_start();
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
	if (c->datagram ||
	    atomic_load(&c->fd) < 0) /* memory BIOs, or closed: no goodbye of ours can come of it (P5) */
		return 1;
	while (n > 0 && c->never_read < settings->linger_bytes && now_us() < until) {
		n = c->lib->SSL_read(ssl, junk, sizeof junk);
		if (n > 0)
			c->never_read += (uint64_t)n;
	}
	eof_seen_behind_notify(c, ssl);
	return n > 0 || c->lib->SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN ? 1 : -1;
}

/* --- SSL_free, SSL_clear --- */

/*
 * P6: the goodbye acts on a hold of its own, whose identity is checked there. The copy is in the program's table for
 * the length of one send; it is not inherited by exec.
 */
static void speak_on_hold(struct connection *c)
{
	int fd = connection_any_descriptor(c);
	bool open = fd >= 0;
	int hold = open ? real.fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	if (hold >= 0) {
		process_lends(hold);
		farewell_say(c, hold);
		process_takes_back(hold);
	} else if (open && linger_hand_over(c, fd, ASK_SPEAK_HELD)) {
		linger_await_answer(c, ANSWER_WITHIN_MS); /* no number was free; the claim stays ours */
	} else if (c->notify != NOTIFY_SENT && c->silence == MAY_SPEAK) {
		c->silence = farewell_silence(c);
		if (c->silence == MAY_SPEAK)
			c->silence = open ? NO_DESCRIPTOR : c->succeeded ? ANOTHER_SSL : SOCKET_CHANGED;
	}
}

/* A close that found somebody inside has left the hold to the linger thread, which looks every few milliseconds. */
static void let_the_linger_thread_speak(struct connection *c)
{
	if (atomic_load(&c->speaks_later))
		linger_await_answer(c, 50);
}

/* The SSL is forgotten while the claim is held: no goodbye may find it between here and the real SSL_free. */
static void speak_and_detach(struct connection *c, SSL *ssl)
{
	bool claimed = claim_take_after_goodbye(&c->claim);
	c->not_ours = !process_owns(c);
	if (!claimed && c->notify != NOTIFY_SENT)
		c->silence = SOMEBODY_INSIDE;
	if (claimed) {
		c->unread_tls = (uint32_t)c->lib->SSL_pending(ssl);
		if (curing() && c->spoken)
			speak_on_hold(c);
		else if (c->notify != NOTIFY_SENT)
			c->silence = farewell_silence(c);
	}
	process_lets_go(c, c->notify == NOTIFY_SENT);
	connection_detach_ssl(c);
	if (claimed)
		claim_drop(&c->claim);
}

void goodbye_part(struct connection *c, uint32_t door)
{
	int saved = errno;
	struct quiet_thread before;
	SSL *ssl = atomic_load(&c->ssl);
	connection_stake(c);
	note_door(c, door);
	goodbye_learn_late(c);
	if (curing() && c->spoken)
		linger_start(); /* a fork child that made no SSL_* call yet has no thread */
	let_the_linger_thread_speak(c);
	quieten(&before);
	speak_and_detach(c, ssl);
	resume(&before);
	if (c->succeeded) /* no close will tell of it */
		event_end(c);
	connection_unstake(c);
	errno = saved;
}

struct libssl *goodbye_before_free(SSL *ssl)
{
	struct connection *c = ssl ? connection_of_ssl(ssl) : NULL;
	if (!c)
		return NULL;
	struct libssl *lib = c->lib; /* the record may be another connection's soon */
	if (process_is_home() && __atomic_fetch_sub(&c->references, 1, __ATOMIC_ACQ_REL) == 1)
		goodbye_part(c, DOOR_FREE);
	return lib;
}

bool goodbye_before_clear(SSL *ssl)
{
	/* OpenSSL calls SSL_clear itself when a handshake begins: then somebody is inside. */
	struct connection *c = connection_of_ssl(ssl);
	bool between = c && c->spoken && process_is_home() && !claim_is_entered(&c->claim) &&
		       !c->lib->SSL_in_init(ssl);
	if (!between)
		return false;
	uint32_t references = c->references;
	struct libssl *lib = c->lib;
	bool born_seen = c->born_seen;
	bool by_program = c->notify_by_program || c->faked; /* the record may be another connection's soon */
	goodbye_part(c, DOOR_CLEAR);
	connection_track_again(ssl, lib, references, born_seen);
	return !by_program && lib->SSL_get_shutdown(ssl) == SSL_SENT_SHUTDOWN;
}

/* --- close --- */

/* A connection on which nothing was ever said has nothing to end. */
static bool worth_a_goodbye(const struct connection *c)
{
	return c->spoken && !c->hands_off;
}

static void disown(struct connection *c)
{
	atomic_store(&c->not_ours, true);
	process_lets_go(c, false);
}

/* P7: SHUT_WR and a drain act for every holder of the socket, so they too are for the owner only. */
static bool ours(const struct connection *c)
{
	return !c->not_ours && (!atomic_load(&c->ssl) || process_owns(c));
}

/* What must not outlive the close that the program sees: its port, events of its epoll sets, signals of O_ASYNC. */
static void leave_the_program(const struct connection *c, int fd)
{
	ports_goodbye_begins(c, fd);
	epoll_sets_forget_socket(fd);
	int flags = real.fcntl(fd, F_GETFL);
	if (flags >= 0 && flags & O_ASYNC)
		real.fcntl(fd, F_SETFL, flags & ~O_ASYNC);
}

/*
 * Takes the claim, if the thread is to speak, and gives it to the thread together with the hold. Between the two no
 * handler may run: it could want to enter.
 */
static bool give(struct connection *c, int fd, unsigned asked)
{
	struct quiet_thread before;
	quieten(&before);
	bool claimed = asked & ASK_SPEAK && claim_take(&c->claim);
	if (asked & ASK_SPEAK && !claimed)
		asked = (asked & ~(unsigned)ASK_SPEAK) | ASK_SPEAK_LATER;
	atomic_store(&c->speaks_later, asked & ASK_SPEAK_LATER);
	bool waits = asked & ASK_SPEAK_LATER; /* only the end of the connection may wait for who is inside */
	bool given = (!waits || asked & ASK_EVENT) && linger_hand_over(c, fd, asked);
	if (!given) {
		atomic_store(&c->speaks_later, false);
		if (claimed)
			claim_drop(&c->claim);
	}
	resume(&before);
	return given;
}

/*
 * Is another thread in a call that uses the SSL? BIO_read and BIO_write are not counted in, nor is what the program has
 * looked up by dlsym(); so there, where the process has several threads, nobody knows.
 */
static enum silence others_inside(const struct connection *c)
{
	if (claim_is_entered(&c->claim))
		return SOMEBODY_INSIDE;
	bool hidden = !c->born_seen || bios_hide_calls();
	return hidden && !process_has_one_thread() ? CALLS_UNSEEN : MAY_SPEAK;
}

/* May the linger thread use the SSL? A single-threaded program's own allocator need not bear a second thread. */
static unsigned speech(struct connection *c, void *caller)
{
	/* A libssl that is linked -Bsymbolic closes from the middle of its own SSL_free: no SSL is left to use. */
	bool usable = atomic_load(&c->ssl) && !c->lib->own_allocator && !real_is_libcrypto(caller);
	bool hidden = usable && others_inside(c) == CALLS_UNSEEN;
	if (hidden && c->notify != NOTIFY_SENT && c->silence == MAY_SPEAK)
		c->silence = CALLS_UNSEEN;
	return usable && !hidden ? ASK_SPEAK : 0;
}

/* The whole goodbye is the linger thread's. False where it could not be given to it. */
static bool hand_over(struct connection *c, int fd, unsigned asked)
{
	if (settings->linger != LINGER_OFF && !c->datagram)
		asked |= ASK_HALF_CLOSE | ASK_DRAIN;
	leave_the_program(c, fd);
	return give(c, fd, asked | ASK_EVENT);
}

/* TLSBYE_LINGER=wait: the thread speaks, because close() must not call OpenSSL; the drain is in close() itself. */
static void say_and_wait(struct connection *c, int fd, unsigned asked)
{
	if (asked & ASK_SPEAK && give(c, fd, asked))
		linger_await_answer(c, ANSWER_WITHIN_MS);
}

/* Where the thread cannot have it: a short drain where that is for the moment only, the whole where it is for good. */
static void drain_here(struct connection *c, int fd, bool patient)
{
	if (settings->linger != LINGER_WAIT && c->silence == MAY_SPEAK && c->notify != NOTIFY_SENT)
		c->silence = NO_THREAD;
	if (settings->linger != LINGER_OFF)
		linger_in_place(c, fd, patient ? (unsigned)settings->linger_idle_ms : IMPATIENT_MS);
	event_end(c);
}

/* DTLS: there is nothing to half-close, and nothing to drain. When close() returns, the port is free. */
static void end_datagram(struct connection *c, int fd, unsigned asked)
{
	if (asked && hand_over(c, fd, asked)) {
		if (!atomic_load(&c->speaks_later))
			linger_await_answer(c, DATAGRAM_WITHIN_MS);
		return;
	}
	if (c->notify != NOTIFY_SENT && c->silence == MAY_SPEAK)
		c->silence = atomic_load(&c->ssl) ? NO_THREAD : SSL_GONE;
	event_end(c);
}

static void observe_end(struct connection *c, int fd)
{
	if (!c->datagram) /* FIONREAD there is the length of the next datagram */
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
	return drain_abort_meant(fd) ? ABORT_MEANT : MAY_SPEAK;
}

static void end_connection(struct connection *c, int fd, void *caller)
{
	unsigned asked = speech(c, caller);
	enum silence silence = passed_through(c, fd);
	if (silence != MAY_SPEAK)
		c->silence = silence;
	if (silence == NOT_OWNER)
		disown(c);

	if (!curing() || silence != MAY_SPEAK) {
		observe_end(c, fd);
	} else if (c->datagram) {
		end_datagram(c, fd, asked);
	} else if (settings->linger == LINGER_WAIT) {
		say_and_wait(c, fd, asked);
		drain_here(c, fd, true);
	} else if (!epoll_sets_all_known() || !hand_over(c, fd, asked)) {
		drain_here(c, fd, linger_refused());
	}
}

struct last_close {
	const struct connection *known; /* by the descriptor; its own goodbye is said */
	int fd;
	void *caller;
};

/* One datagram socket, many SSLs: each that still has something to end says goodbye to its own peer. */
static void end_sharer(struct connection *c, void *arg)
{
	const struct last_close *last = arg;
	if (c == last->known || !c->datagram || !c->succeeded || !connection_stake_if_used(c))
		return;
	if (atomic_load(&c->ssl) && c->cookie == last->known->cookie && worth_a_goodbye(c)) {
		note_door(c, DOOR_CLOSE);
		end_connection(c, last->fd, last->caller);
		atomic_store(&c->fd, -1);
	}
	connection_unstake(c);
}

static void last_descriptor_closes(struct connection *c, int fd, void *caller)
{
	if (worth_a_goodbye(c)) {
		note_door(c, DOOR_CLOSE);
		end_connection(c, fd, caller);
	}
	read_side_forget(c);
	struct last_close last = {.known = c, .fd = fd, .caller = caller};
	if (c->datagram)
		connection_each(end_sharer, &last);
	atomic_store(&c->fd, -1);
}

bool goodbye_before_close(int fd, void *caller)
{
	if (!process_is_home())
		return true;
	int saved = errno, cancel_state;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE,
			       &cancel_state); /* our calls are no cancellation points of close() */
	bool alone;
	struct connection *c = connection_take_descriptor(fd, &alone);
	if (c) {
		if (!atomic_load(&c->descriptors))
			last_descriptor_closes(c, fd, caller);
		connection_descriptor_taken(fd);
		connection_unstake(c);
	}
	pthread_setcancelstate(cancel_state, NULL);
	errno = saved;
	return alone;
}

int goodbye_close(int fd, void *caller)
{
	if (goodbye_before_close(fd, caller))
		return real.close(fd);
	errno = EBADF; /* what the slower of two closers gets */
	return -1;
}

void goodbye_before_close_range(unsigned first, unsigned last, void *caller)
{
	if (!process_is_home())
		return;
	for (int fd; first <= last && (fd = descriptor_next_known(first, last)) >= 0;
	     first = (unsigned)fd + 1)
		goodbye_before_close(fd, caller);
}

void goodbye_before_dup_over(int from, int to, void *caller)
{
	if (real.fcntl(from, F_GETFD) >= 0)
		goodbye_before_close(to, caller);
}

void goodbye_after_dup(int from, int to)
{
	if (!process_is_home())
		return;
	struct connection *c = connection_hold_by_descriptor(from);
	if (c) {
		connection_add_descriptor(c, to);
		connection_unstake(c);
	} else if (epoll_set_known(from)) {
		epoll_set_seen(to);
	} else {
		descriptor_duplicated(from, to);
	}
}

/* --- shutdown --- */

/* With `fin`, ASK_FIN_BEHIND: true where the FIN is ours to send, later. */
static bool speak_before_shutdown(struct connection *c, int fd, unsigned fin)
{
	note_door(c, DOOR_SHUTDOWN);
	c->fin_later = false;
	unsigned asked = speech(c, NULL) | (farewell_has_residue(c) ? fin : 0);
	if (asked && give(c, fd, asked | fin))
		linger_await_answer(c, ANSWER_WITHIN_MS);
	return c->fin_later;
}

bool goodbye_closes_next(int fd, int how, void *caller)
{
	if (how != SHUT_RDWR || !real_is_libcrypto(caller) || !process_is_home())
		return false;
	int saved = errno;
	struct connection *c = connection_hold_by_descriptor(fd);
	bool left_out = c && curing() && settings->linger != LINGER_OFF && worth_a_goodbye(c) && ours(c) &&
			atomic_load(&c->descriptors) == 1 && connection_is_socket(c, fd) &&
			!drain_abort_meant(fd);
	if (c)
		connection_unstake(c);
	errno = saved;
	return left_out;
}

static int before_shutdown(struct connection *c, int fd, int how)
{
	bool wanted =
		how != SHUT_RD && curing() && worth_a_goodbye(c) && ours(c) && connection_is_socket(c, fd);
	bool play = wanted && how == SHUT_RDWR && !c->read_shut && !c->datagram && read_side_play(c, fd);
	if (how != SHUT_WR && !play) {
		c->read_shut = true;
		read_side_forget(c);
	}
	/* Behind a real SHUT_RDWR nobody may have to wait for what is still to be sent. */
	bool one_side = how == SHUT_WR || play;
	bool later = wanted && speak_before_shutdown(c, fd, one_side && !c->datagram ? ASK_FIN_BEHIND : 0);
	return later ? NOTHING_LEFT : play ? SHUT_WR : how;
}

int goodbye_before_shutdown(int fd, int how)
{
	struct connection *c = process_is_home() ? connection_hold_by_descriptor(fd) : NULL;
	if (!c)
		return how;
	int saved = errno, cancel_state;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	int left = before_shutdown(c, fd, how);
	connection_unstake(c);
	pthread_setcancelstate(cancel_state, NULL);
	errno = saved;
	return left;
}

/* --- the process leaves (leaving.c) --- */

/* Has OpenSSL cleaned up already, by a handler that was not caught on its way (RTLD_DEEPBIND)? */
static bool openssl_lives(const struct libssl *lib)
{
	enum { INIT_BASE_ONLY = 0x00040000 }; /* OPENSSL_INIT_BASE_ONLY: then a refusal raises no error */
	return lib->OPENSSL_init_crypto(INIT_BASE_ONLY, NULL) == 1;
}

/*
 * Where another thread is inside, the connection is left alone: its write would meet our FIN, and SIGPIPE would change
 * how the process ends.
 */
void goodbye_leave(struct connection *c, bool failed)
{
	int fd = connection_any_descriptor(c);
	bool owned = ours(c);
	if (!owned)
		disown(c);
	if (!owned || fd < 0 || !worth_a_goodbye(c) || !connection_is_socket(c, fd))
		return;
	note_door(c, DOOR_EXIT);
	enum silence others = others_inside(c);
	bool inside = others != MAY_SPEAK, meant = drain_abort_meant(fd);
	c->failed_exit = failed;
	if (c->notify != NOTIFY_SENT && (failed || inside || meant))
		c->silence = meant ? ABORT_MEANT : inside ? others : FAILED_EXIT;
	if (!curing() || inside || meant || !hand_over(c, fd, openssl_lives(c->lib) ? speech(c, NULL) : 0))
		observe_end(c, fd);
}
