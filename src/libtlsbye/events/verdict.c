/* SPDX-License-Identifier: MIT */
/*
 * See verdict.h. What the kernel does to a TCP connection at its last close (tcp_close() in Linux; RFC 2525, 2.17):
 *
 *  - bytes unread: it throws the send queue away and answers with a reset, even after the peer's FIN. What it had never
 *    transmitted is surely lost; what it had, and the peer's kernel did not acknowledge, may have arrived; what was
 *    acknowledged lies in the peer's kernel, and Linux lets its program read that after a reset, too.
 *  - the peer's FIN is there and nothing is unread: nothing can come any more that would be answered with a reset.
 *  - else whatever the peer still sends is answered so, with the same loss.
 *
 * A connection that was reset before keeps its count of what had not been acknowledged: the queue itself is gone.
 * An AF_UNIX socket has no such queue: what was written lies in the peer's receive queue at once, and stays there; the
 * peer is told ECONNRESET after it where bytes were unread.
 *
 * A close in one of several processes that have the socket, or of one of its copies, is none for the kernel: nothing is known then.
 */
#include "events/verdict.h"

#include "linger/residue.h"

/* No alert is longer as a record, with any cipher. */
enum { ALERT_MAX = 96 };

/* It is another holder's, and so is what is written there. */
static bool is_anothers(const struct event_end *end)
{
	return end->why == NOT_OWNER || end->why == COPIED;
}

/* What is ours in the send queue, close_notify or the rest of a record, is no data of the program's. */
static uint64_t without_ours(uint64_t queued, const struct event_end *end)
{
	return queued > end->said_bytes ? queued - end->said_bytes : 0;
}

static enum reset reset_at_close(const struct event_end *end, enum transport transport)
{
	bool is_last = !is_anothers(end) && !end->shared && !end->not_ours;
	if (!end->socket_known || transport == TRANSPORT_DATAGRAM || !end->queues_known || !is_last)
		return RESET_UNKNOWN;
	if (end->over)
		return RESET_NO;
	if (end->abort_meant || end->unread)
		return RESET_YES;
	if (end->peer_has_ended || transport == TRANSPORT_UNIX)
		return RESET_NO;
	return RESET_POSSIBLE;
}

/* --- what the program did wrong --- */

/* SSL_shutdown(3) forbids it after a fatal error, and before the handshake there is nothing to end. */
static bool owed_close_notify(const struct event_end *end)
{
	return end->close_notify != BY_PROGRAM && end->why != FATAL_ERROR && !end->fatal_error &&
	       end->why != NO_HANDSHAKE && end->why != QUIET_SHUTDOWN;
}

/* In the send queue, of the program's data: its close_notify is none. */
static uint64_t data_unsent(const struct event_end *end)
{
	uint64_t unsent = without_ours(end->unsent, end);
	uint64_t its_alert = end->close_notify == BY_PROGRAM ? ALERT_MAX : 0;
	return unsent > its_alert ? unsent - its_alert : 0;
}

/*
 * Not to wait for the peer's end is a mistake where it may cost something: something of the program's is on its way, which a
 * reset would overtake. Where we have waited for it, it is known whether the peer did send something; its answer to
 * close_notify, which comes when everything has arrived, is nothing. And where its close_notify has been read nothing can follow
 * but its FIN, which is answered with no reset: that it has not come yet is nobody's fault (RFC 8446, 6.1).
 */
static bool should_have_waited(const struct event_end *end)
{
	if (end->will_reset != RESET_POSSIBLE)
		return false;
	if (end->lingered)
		return end->drained > end->unread + ALERT_MAX;
	return !end->peer_notified && data_unsent(end) != 0;
}

static uint32_t faults_of(const struct event_end *end)
{
	uint32_t faults = 0;
	if (owed_close_notify(end))
		faults |= FAULT_NO_CLOSE_NOTIFY;
	if ((end->will_reset == RESET_YES && end->unread) || end->never_read)
		faults |= FAULT_UNREAD_AT_CLOSE;
	if (should_have_waited(end))
		faults |= FAULT_FIN_UNAWAITED;
	if (end->shut_both)
		faults |= FAULT_SHUTDOWN_RDWR;
	if (end->unfinished && !end->peer_broke_it) /* else there was nothing left to repeat it on */
		faults |= end->bad_write_retry ? FAULT_BAD_WRITE_RETRY : FAULT_UNFINISHED_WRITE;
	if (end->unflushed)
		faults |= FAULT_UNFLUSHED;
	if (end->wrote_to_closed_peer)
		faults |= FAULT_WRITE_TO_CLOSED_PEER;
	return faults;
}

/* --- what became of the data --- */

/* Of an SSL_write that was given up: what is more than TCP has ever taken. TLS adds to it, so it is less than the truth. */
static uint64_t never_taken(const struct event_end *end)
{
	uint64_t ours = end->completed_record ? RESIDUE_MAX : 0;
	uint64_t wanted = end->bytes_written + end->unfinished, taken = end->taken + ours;
	return end->unfinished && end->queues_known && end->taken && wanted > taken ? wanted - taken : 0;
}

/* Of so many bytes of the stream, as many as are the program's in all of it. */
static uint64_t share_of_program(uint64_t bytes, const struct event_end *end)
{
	uint64_t program = end->bytes_written, all = end->taken;
	while (all >> 30) { /* so that the product fits; the rest does not matter */
		program >>= 1;
		all >>= 1;
	}
	uint64_t share = all > program ? bytes * program / all : bytes;
	return share < end->bytes_written ? share : end->bytes_written;
}

/*
 * What may leave between our look and the kernel's close: what is on its way may be acknowledged, and a window more goes out.
 * After an exit handler the kernel goes on until the process is gone, and nobody knows how much that is.
 */
static uint64_t may_leave(const struct event_end *end)
{
	uint64_t on_its_way = end->unsent > end->not_sent ? end->unsent - end->not_sent : 0;
	if (end->over)
		return 0;
	if (end->close_paths & PATH_EXIT)
		return end->not_sent;
	return end->window > on_its_way ? end->window : on_its_way;
}

/*
 * Of a send queue that is gone, what was surely never transmitted. Its last bytes may be the program's close_notify, and TLS
 * has put in more than the program's: session tickets, headers.
 */
static uint64_t lost_in_queue(const struct event_end *end)
{
	bool gone = end->over || end->will_reset == RESET_YES;
	uint64_t last = without_ours(end->not_sent, end);
	uint64_t spared = may_leave(end) + (end->close_notify == BY_PROGRAM ? ALERT_MAX : 0);
	if (!gone || last <= spared)
		return 0;
	last -= spared;
	return end->writes_seen ? share_of_program(last, end) : last;
}

static enum data_fate fate_of_queue(const struct event_end *end, enum transport transport)
{
	bool waited = end->lingered && end->half_closed;
	if (!end->socket_known || transport == TRANSPORT_DATAGRAM || end->shared || is_anothers(end))
		return DATA_UNKNOWN;
	if (waited && end->residue_left)
		return DATA_UNKNOWN;
	if (waited) /* a peer that resets has thrown something away: what, nobody knows */
		return end->left_unsent || end->peer_end == PEER_RESET ? DATA_UNKNOWN : DATA_SAFE;
	if (!end->queues_known)
		return DATA_UNKNOWN;
	return transport == TRANSPORT_UNIX || !without_ours(end->unsent, end) ? DATA_SAFE : DATA_UNKNOWN;
}

static void give_fate(struct event_end *end, enum transport transport)
{
	bool waited = end->lingered && end->half_closed;
	uint64_t lost = never_taken(end) + end->unflushed + (waited ? 0 : lost_in_queue(end));
	end->lost_bytes = lost;
	if (lost || (end->unfinished && !end->completed_record))
		end->data = DATA_LOST;
	else if (is_anothers(end))
		end->data = DATA_UNKNOWN;
	else if (!end->handshake || (end->writes_seen && !end->bytes_written && !end->unfinished))
		end->data = DATA_SAFE; /* nothing was written that could be lost */
	else if (end->fatal_error || end->unfinished)
		end->data = DATA_UNKNOWN; /* nobody knows what the peer's TLS made of it */
	else
		end->data = fate_of_queue(end, transport);
}

/* --- the verdict --- */

/* Was everything done that the program owed the peer? */
static bool made_good(const struct event_end *end)
{
	bool waited = end->lingered && end->half_closed &&
		      (end->peer_end == PEER_FIN || end->peer_end == PEER_RESET || !end->left_unsent);
	if (end->faults &
	    (FAULT_UNFINISHED_WRITE | FAULT_BAD_WRITE_RETRY | FAULT_UNFLUSHED | FAULT_WRITE_TO_CLOSED_PEER))
		return false;
	if (end->faults & FAULT_NO_CLOSE_NOTIFY && end->close_notify != BY_TLSBYE)
		return false;
	if (end->will_reset != RESET_YES && !(end->faults & (FAULT_FIN_UNAWAITED | FAULT_SHUTDOWN_RDWR)))
		return true; /* what was unread we have read for it (ssl_shutdown_read_the_rest) */
	return waited || !(end->faults & (FAULT_UNREAD_AT_CLOSE | FAULT_FIN_UNAWAITED | FAULT_SHUTDOWN_RDWR));
}

void verdict_give(struct event_end *end, enum transport transport)
{
	end->will_reset = reset_at_close(end, transport);
	end->faults = is_anothers(end) || end->abort_meant ? 0 : faults_of(end);
	give_fate(end, transport);
	if (is_anothers(end))
		end->verdict = VERDICT_FOREIGN;
	else if (end->abort_meant)
		end->verdict = VERDICT_MEANT;
	else if (!end->faults)
		end->verdict = end->why == QUIET_SHUTDOWN ? VERDICT_MEANT : VERDICT_CLEAN;
	else
		end->verdict = made_good(end) ? VERDICT_CURED : VERDICT_WRONG;
}

enum level verdict_level(const struct event_end *end)
{
	/* A forked relative tells of its own; of a copy that was sent away nobody else may. */
	bool another_cares = (end->verdict == VERDICT_FOREIGN && end->why != COPIED) || end->abort_meant;
	bool all_was_well = end->verdict == VERDICT_CLEAN && end->close_notify == BY_PROGRAM &&
			    !end->unread && !end->unread_tls && !end->never_read && !end->unflushed &&
			    end->peer_end <= PEER_FIN;
	return another_cares || all_was_well ? LEVEL_DEBUG : LEVEL_INFO;
}
