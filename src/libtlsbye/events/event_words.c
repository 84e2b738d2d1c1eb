/* SPDX-License-Identifier: MIT */
/* The words for people of event_text.c: why nothing was said, and how the peer ended. */
#include "events/event.h"

const char *event_words_reason(enum reason reason)
{
	switch (reason) {
	case MAY_SPEAK:
	case ALREADY_SAID:
		return NULL;
	case NOTIFY_IS_OFF:
		return "TLSBYE_NOTIFY=off";
	case NOT_OWNER:
		return "another process may own the connection since a fork";
	case NO_HANDSHAKE:
		return "the handshake did not complete";
	case FATAL_ERROR:
		return "the connection, or its handshake, had failed";
	case UNFINISHED_WRITE:
		return "the program did not finish writing";
	case QUIET_SHUTDOWN:
		return "the program asked for a quiet shutdown";
	case ABORT_MEANT:
		return "SO_LINGER 0 asks for an abort";
	case FAILED_EXIT:
		return "the exit status was not 0";
	case OWN_BIO:
		return "the program writes through a BIO of its own";
	case FILTER_BIO:
		return "a BIO of the program's holds bytes back";
	case CALLS_UNSEEN:
		return "the program may have been in a call that no hook sees, BIO_read or the like";
	case SOMEBODY_INSIDE:
		return "another thread was using the SSL";
	case SSL_GONE:
		return "the SSL was gone";
	case SOCKET_CHANGED:
		return "the socket was closed or replaced before";
	case UNHEARD:
		return "the connection was broken or shut already";
	case NO_DESCRIPTOR:
		return "no descriptor was free (RLIMIT_NOFILE)";
	case NO_THREAD:
		return "the linger thread could not be reached";
	case ANOTHER_SSL:
		return "another SSL was using the socket by then";
	case NO_PEER:
		return "the peer's address is not known";
	case NO_ROOM:
		return "the send queue was full";
	}
	return NULL;
}

const char *event_words_peer_end(enum peer_end peer_end)
{
	static const char *const ends[] = {
		[PEER_UNKNOWN] = "unknown",
		[PEER_FIN] = "FIN",
		[PEER_RESET] = "reset",
		[PEER_IDLE] = "still open, and silent for so long that the drain ended (LINGER_IDLE)",
		[PEER_OVER_LIMIT] = "still open when the drain reached its limit",
		[PEER_OUTLIVES_US] = "still open when the process ended (AT_EXIT)",
		[PEER_GIVEN_UP] = "still open when its drain made room for another (LINGER_SOCKETS)",
	};
	return ends[peer_end];
}
