/* SPDX-License-Identifier: MIT */
/* See parting.h. */
#include "release/release.h"

#include "release/bio_free.h"
#include "connection/descriptors.h"
#include "linger/linger.h"
#include "release/port_reuse.h"
#include "connection/process.h"
#include "sys/settings.h"

#include <pthread.h>

/* Observing, nothing is said, and the thread's signals are none of our business. */
void release_block_signals(struct blocked_signals *before)
{
	sigset_t all;
	sigfillset(&all);
	if (release_is_curing())
		pthread_sigmask(SIG_SETMASK, &all, &before->mask);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before->cancel_state);
}

void release_restore_signals(const struct blocked_signals *before)
{
	pthread_setcancelstate(before->cancel_state, NULL);
	if (release_is_curing())
		pthread_sigmask(SIG_SETMASK, &before->mask, NULL);
}

bool release_is_curing(void)
{
	return settings->mode == MODE_CURE;
}

void release_note_path(struct connection *c, uint32_t path)
{
	atomic_fetch_or(&c->released.close_paths, path);
}

bool release_is_worth_it(const struct connection *c)
{
	return c->seen.spoken && !c->seen.hands_off;
}

void release_disown(struct connection *c)
{
	atomic_store(&c->released.not_ours, true);
	ownership_lets_go(c, false);
}

bool release_is_ours(const struct connection *c)
{
	return !c->released.not_ours && (!atomic_load(&c->ssl) || ownership_owns(c));
}

/*
 * Is another thread in a call that uses the SSL? BIO_read and BIO_write are not counted in, nor is what the program has
 * looked up by dlsym(); so there, where the process has several threads, nobody knows.
 */
enum reason release_others_inside(const struct connection *c)
{
	if (claim_is_entered(&c->claim))
		return SOMEBODY_INSIDE;
	bool hidden = !c->seen.born || hidden_calls_any();
	return hidden && !process_has_one_thread() ? CALLS_UNSEEN : MAY_SPEAK;
}

/* May the linger thread use the SSL? A single-threaded program's own allocator need not bear a second thread. */
unsigned release_speech(struct connection *c, void *caller)
{
	/* A libssl that is linked -Bsymbolic closes from the middle of its own SSL_free: no SSL is left to use. */
	bool usable = atomic_load(&c->ssl) && !c->lib->own_allocator && !real_is_libcrypto(caller);
	/* An SSL_free that passes by the hooks would not wait for it, either: OpenSSL 3.2 has freed half before we hear. */
	bool hidden = usable && (!c->seen.born || release_others_inside(c) == CALLS_UNSEEN);
	if (hidden && c->released.notify != NOTIFY_SENT && c->released.reason == MAY_SPEAK)
		c->released.reason = CALLS_UNSEEN;
	return usable && !hidden ? ASK_SPEAK : 0;
}

/* What must not outlive the close that the program sees: its port, events of its epoll sets, signals of O_ASYNC. */
static void leave_the_program(const struct connection *c, int fd)
{
	port_reuse_begins(c, fd);
	epoll_sets_forget_socket(fd);
	int flags = real.fcntl(fd, F_GETFL);
	if (flags >= 0 && flags & O_ASYNC)
		real.fcntl(fd, F_SETFL, flags & ~O_ASYNC);
}

/*
 * Takes the claim, if the thread is to speak, and gives it to the thread together with the hold. Between the two no
 * handler may run: it could want to enter.
 */
bool release_give(struct connection *c, int fd, unsigned asked)
{
	struct blocked_signals before;
	release_block_signals(&before);
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
	release_restore_signals(&before);
	return given;
}

bool release_hand_over(struct connection *c, int fd, unsigned asked)
{
	if (settings->linger != LINGER_OFF && !c->socket.datagram)
		asked |= ASK_HALF_CLOSE | ASK_DRAIN;
	leave_the_program(c, fd);
	return release_give(c, fd, asked | ASK_EVENT);
}
