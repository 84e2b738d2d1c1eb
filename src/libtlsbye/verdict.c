/* SPDX-License-Identifier: MIT */
/*
 * See verdict.h. What the kernel does to a TCP connection at its last close (tcp_close() in Linux; RFC 2525, 2.17):
 *
 *  - bytes unread: it throws the send queue away and answers with a reset, even behind the peer's FIN. What it had never
 *    transmitted is surely lost; what it had, and the peer's kernel did not acknowledge, may have arrived; what was
 *    acknowledged lies in the peer's kernel, and Linux lets its program read that behind a reset, too.
 *  - the peer's FIN is there and nothing is unread: nothing can come any more that would be answered with a reset.
 *  - else whatever the peer still sends is answered so, with the same loss.
 *
 * An AF_UNIX socket has no such queue: what was written lies in the peer's receive queue at once, and stays there; the
 * peer is told ECONNRESET behind it where bytes were unread.
 */
#include "verdict.h"

static bool is_stream(const struct connection *c)
{
	return c->cookie && !c->datagram;
}

static enum reset reset_at_close(const struct event_end *end, const struct connection *c)
{
	if (!is_stream(c) || !c->measured)
		return RESET_UNKNOWN;
	if (c->over)
		return RESET_NO;
	if (end->abort_meant || end->unread)
		return RESET_YES;
	if (c->peer_has_ended || c->family == AF_UNIX)
		return RESET_NO;
	return RESET_POSSIBLE;
}

/* --- what the program did wrong --- */

/* SSL_shutdown(3) forbids it after a fatal error, and before the handshake there is nothing to end. */
static bool owed_close_notify(const struct event_end *end, const struct connection *c)
{
	return end->close_notify != BY_PROGRAM && end->why != FATAL_ERROR && !c->fatal_error &&
	       end->why != NO_HANDSHAKE && end->why != QUIET_SHUTDOWN;
}

/*
 * Not to wait for the peer's end is a mistake where it may cost something: something of ours is on its way, which a reset
 * would overtake. Where we have waited for the program, it is known whether the peer did send something.
 */
static bool should_have_waited(const struct event_end *end)
{
	if (end->will_reset != RESET_POSSIBLE)
		return false;
	return end->lingered ? end->drained > end->unread || end->peer_end == PEER_RESET : end->unsent != 0;
}

static uint32_t faults_of(const struct event_end *end, const struct connection *c)
{
	uint32_t faults = 0;
	if (owed_close_notify(end, c))
		faults |= FAULT_NO_CLOSE_NOTIFY;
	if (end->will_reset == RESET_YES && end->unread && !end->abort_meant)
		faults |= FAULT_UNREAD_AT_CLOSE;
	if (should_have_waited(end))
		faults |= FAULT_FIN_UNAWAITED;
	if (c->shut_both)
		faults |= FAULT_SHUTDOWN_RDWR;
	if (end->unfinished)
		faults |= FAULT_UNFINISHED_WRITE;
	if (end->unflushed)
		faults |= FAULT_UNFLUSHED;
	if (c->wrote_to_closed_peer)
		faults |= FAULT_WRITE_TO_CLOSED_PEER;
	return faults;
}

/* --- what became of the data --- */

static enum data_fate fate_behind_bare_close(const struct event_end *end)
{
	switch (end->will_reset) {
	case RESET_UNKNOWN:
		return DATA_UNKNOWN;
	case RESET_YES:
		if (end->not_sent)
			return DATA_LOST;
		/* fall through */
	case RESET_NO:
	case RESET_POSSIBLE:
		return end->unsent ? DATA_UNKNOWN : DATA_SAFE;
	}
	return DATA_UNKNOWN;
}

static void give_fate(struct event_end *end, const struct connection *c)
{
	bool waited = end->lingered && end->half_closed;
	if (!end->handshake) {
		end->data = DATA_SAFE; /* nothing was written that could be lost */
	} else if (end->unflushed || (end->unfinished && !end->completed_record)) {
		end->data = DATA_LOST;
		end->lost_bytes = end->unflushed;
	} else if (c->fatal_error || c->over || end->unfinished) {
		end->data = DATA_UNKNOWN;
	} else if (waited) {
		end->data = end->peer_end == PEER_FIN && !c->left_unsent ? DATA_SAFE : DATA_UNKNOWN;
	} else {
		end->data = fate_behind_bare_close(end);
		end->lost_bytes = end->data == DATA_LOST ? end->not_sent : 0;
	}
}

/* --- the verdict --- */

/* Was everything done that the program owed the peer? */
static bool made_good(const struct event_end *end, const struct connection *c)
{
	bool waited = end->lingered && end->half_closed &&
		      (end->peer_end == PEER_FIN || end->peer_end == PEER_RESET || !c->left_unsent);
	if (end->faults & (FAULT_UNFINISHED_WRITE | FAULT_UNFLUSHED))
		return false;
	if (end->faults & FAULT_NO_CLOSE_NOTIFY && end->close_notify != BY_TLSBYE)
		return false;
	return waited || !(end->faults & (FAULT_UNREAD_AT_CLOSE | FAULT_FIN_UNAWAITED | FAULT_SHUTDOWN_RDWR));
}

void verdict_give(struct event_end *end, const struct connection *c)
{
	end->will_reset = reset_at_close(end, c);
	end->faults = faults_of(end, c);
	give_fate(end, c);
	if (end->why == NOT_OWNER)
		end->verdict = VERDICT_FOREIGN;
	else if (end->abort_meant)
		end->verdict = VERDICT_MEANT;
	else if (!end->faults)
		end->verdict = end->why == QUIET_SHUTDOWN ? VERDICT_MEANT : VERDICT_CLEAN;
	else
		end->verdict = made_good(end, c) ? VERDICT_CURED : VERDICT_WRONG;
}
