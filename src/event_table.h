/* SPDX-License-Identifier: MIT */
/*
 * The words of events, once: what an event tells of is one of these, in the object that tells it, in the hub, in the
 * report that reads it, in probe, and in the schema (a test holds the schema against this table).
 *
 * Each list is X(NAME, word) or X(NAME, word, text): the C name, the word in JSON ("": the key is absent then), and where
 * there is one, the clause for people (tlsbye-events(5)). Lists that are ordered say by what.
 *
 * Rules: words are promised to readers of logs: one is added, none is changed. libc only; nothing is defined here but
 * enumerations.
 */
#ifndef TLSBYE_EVENT_TABLE_H
#define TLSBYE_EVENT_TABLE_H

/* What happened. */
#define EVENT_KINDS(X)                                                                                       \
	X(EVENT_TRACKED, "tracked")                                                                          \
	X(EVENT_HANDSHAKE, "handshake")                                                                      \
	X(EVENT_READ_FAILED, "read-failed")                                                                  \
	X(EVENT_HIDDEN_END, "hidden-end")                                                                    \
	X(EVENT_WRITE_INCOMPLETE, "write-incomplete")                                                        \
	X(EVENT_NOTIFY, "notify")                                                                            \
	X(EVENT_HALF_CLOSE, "half-close")                                                                    \
	X(EVENT_DRAIN, "drain")                                                                              \
	X(EVENT_END, "end")                                                                                  \
	X(EVENT_SETTING, "setting")                                                                          \
	X(EVENT_HAND_OVER, "hand-over")                                                                      \
	X(EVENT_OUT_OF_REACH, "out-of-reach")                                                                \
	X(EVENT_CUT_SHORT, "cut-short")                                                                      \
	X(EVENT_KILLED, "killed")                                                                            \
	X(EVENT_LATE_CALL, "late-call")

/*
 * What the program did wrong. Each is a bit, 1 << its place; both the bits (docs/tracing.md) and the order in JSON are
 * promised. Which of two has cost data is another order, and the report's (report/vocabulary.h).
 */
#define EVENT_FAULTS(X)                                                                                      \
	X(FAULT_NO_CLOSE_NOTIFY, "no-close_notify", "let go without SSL_shutdown()")                         \
	X(FAULT_UNREAD_AT_CLOSE, "unread-at-close", "closed the socket with bytes unread")                   \
	X(FAULT_FIN_UNAWAITED, "fin-unawaited", "closed without waiting for the peer's end")                 \
	X(FAULT_UNFINISHED_WRITE, "unfinished-write", "let go while an SSL_write() had to be repeated")      \
	X(FAULT_UNFLUSHED, "unflushed", "let go while its BIO still held bytes")                             \
	X(FAULT_SHUTDOWN_RDWR, "shutdown-rdwr", "shut both directions down at once (SHUT_RDWR)")             \
	X(FAULT_WRITE_TO_CLOSED_PEER, "write-to-closed-peer", "wrote to a peer that had closed")             \
	X(FAULT_BAD_WRITE_RETRY, "bad-write-retry",                                                          \
	  "repeated an SSL_write() from another buffer, or with fewer bytes")

/* Why no close_notify was said. */
#define EVENT_REASONS(X)                                                                                     \
	X(MAY_SPEAK, "", "")                                                                                 \
	X(ALREADY_SAID, "", "") /* by the program, or by us on an earlier close path */                      \
	X(NOTIFY_IS_OFF, "notify-off", "TLSBYE_NOTIFY=off")                                                  \
	X(NOT_OWNER, "not-owner", "another process may own the connection since a fork") /* P7 */            \
	X(COPIED, "copied", "a copy of the socket was sent away, and the connection may go on there")        \
	X(NO_HANDSHAKE, "no-handshake", "the handshake did not complete")                                    \
	X(FATAL_ERROR, "fatal-error", "the connection, or its handshake, had failed") /* SSL_shutdown(3) */  \
	X(UNFINISHED_WRITE, "unfinished-write", "the program did not finish writing") /* P3 */               \
	X(QUIET_SHUTDOWN, "quiet-shutdown", "the program asked for a quiet shutdown") /* P4 */               \
	X(ABORT_MEANT, "abort-meant", "SO_LINGER 0 asks for an abort")                /* P4 */               \
	X(FAILED_EXIT, "failed-exit", "the exit status was not 0")                    /* P3 */               \
	X(OWN_BIO, "own-bio", "the program writes through a BIO of its own")                                 \
	X(FILTER_BIO, "filter-bio", "a BIO of the program's holds bytes back")                               \
	X(CALLS_UNSEEN, "calls-unseen",                                                                      \
	  "the program may have been in a call that no hook sees, BIO_read or the like")                     \
	X(SOMEBODY_INSIDE, "somebody-inside", "another thread was using the SSL")                            \
	X(CALL_UNRETURNED, "call-unreturned",                                                                \
	  "a call that uses the SSL had not returned: interrupted, or left by a jump")                       \
	X(IN_HANDLER, "in-handler",                                                                          \
	  "it was closed where a signal handler may have been running, and the SSL was not used again")      \
	X(SSL_GONE, "ssl-gone", "the SSL was gone")                                                          \
	X(SOCKET_CHANGED, "socket-changed", "the socket was closed or replaced before") /* P6 */             \
	X(UNHEARD, "unheard", "the connection was broken or shut already")                                   \
	X(NO_ROOM, "no-room", "the send queue was full")                                                     \
	X(INTERRUPTED, "interrupted",                                                                        \
	  "each try to send it was interrupted") /* DTLS: nothing says it later */                           \
	X(NO_MEMORY, "no-memory", "there was no memory for it")                                              \
	X(ANOTHER_SSL, "another-ssl", "another SSL was using the socket by then")                            \
	X(NO_PEER, "no-peer", "the peer's address is not known") /* DTLS */                                  \
	X(STALE_ERROR, "stale-error",                                                                        \
	  "the program was told of a failure that was not this connection's, and gave it up") /* P3 */       \
	X(ONLY_OBSERVED, "only-observed", "tlsbye was asked to observe: the cure would have sent it")        \
	X(REASON_NOT_KNOWN, "not-known", "why is not known")

/* What most likely ended a read or a write. */
#define EVENT_CAUSES(X)                                                                                      \
	X(CAUSE_NONE, "", "")                                                                                \
	X(CAUSE_PEER_CLOSED, "peer-closed-without-close_notify",                                             \
	  "the peer closed without SSL_shutdown: its end of the data cannot be told from a cut cable")       \
	X(CAUSE_PEER_RESET, "peer-reset",                                                                    \
	  "the peer closed with bytes unread, or aborted: what it had on its way is lost")                   \
	X(CAUSE_WROTE_TO_CLOSED_PEER, "wrote-to-closed-peer",                                                \
	  "the peer had closed without SSL_shutdown, and was written to: that is what it answers with a "    \
	  "reset")                                                                                           \
	X(CAUSE_PEER_ALERT, "peer-alert", "the peer gave up, and said why")                                  \
	X(CAUSE_NOT_TLS, "not-tls",                                                                          \
	  "what came is no TLS: the peer, or something on the way, speaks plaintext")                        \
	X(CAUSE_BAD_RECORD, "bad-record",                                                                    \
	  "a record does not decrypt: two processes of the peer may use one connection, or bytes were "      \
	  "changed on the way")                                                                              \
	X(CAUSE_TIMEOUT, "timeout", "the peer answers no more: its machine or the network is gone")          \
	X(CAUSE_OWN_END, "own-end", "this side had closed or shut the socket before")                        \
	X(CAUSE_CLOSED_IN_HANDSHAKE, "peer-closed-in-handshake",                                             \
	  "the peer closed before the handshake was complete, and no data had passed: a health check, a "    \
	  "port scan, or a peer that refuses without a word")                                                \
	X(CAUSE_STALE_ERROR, "stale-error",                                                                  \
	  "the connection is healthy: SSL_get_error() found the error of an earlier call in the thread's "   \
	  "queue, which nobody had cleared")                                                                 \
	X(CAUSE_BAD_WRITE_RETRY, "bad-write-retry",                                                          \
	  "a half-done SSL_write() was repeated from another buffer, without "                               \
	  "SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER, or with fewer bytes")                                        \
	X(CAUSE_LATE_CALL, "late-call",                                                                      \
	  "another SSL of this process, whose own socket had been closed, used this one's number: its "      \
	  "bytes went into this connection, or came out of it")                                              \
	X(CAUSE_OTHER, "other", "")

/* How the program let go, in the order in which they are told. Each is a bit, 1 << its place. */
#define EVENT_CLOSE_PATHS(X)                                                                                 \
	X(PATH_SHUTDOWN, "shutdown")                                                                         \
	X(PATH_SSL_CLEAR, "SSL_clear")                                                                       \
	X(PATH_SSL_FREE, "SSL_free")                                                                         \
	X(PATH_BIO_FREE, "BIO_free")                                                                         \
	X(PATH_CLOSE, "close")                                                                               \
	X(PATH_EXIT, "exit")

/* How the peer's TCP ended. Up to PEER_FIN it is a good end, or none that was seen. */
#define EVENT_PEER_ENDS(X)                                                                                   \
	X(PEER_UNKNOWN, "", "unknown")                                                                       \
	X(PEER_FIN, "fin", "FIN")                                                                            \
	X(PEER_RESET, "reset", "reset")                                                                      \
	X(PEER_IDLE, "idle", "still open, and silent for so long that the drain ended (LINGER_IDLE)")        \
	X(PEER_OVER_LIMIT, "limit", "still open when the drain reached its limit")                           \
	X(PEER_GIVEN_UP, "room", "still open when its drain made room for another (LINGER_SOCKETS)")         \
	X(PEER_OUTLIVES_US, "at-exit", "still open when the process ended (AT_EXIT)")

#define EVENT_BY(X)                                                                                          \
	X(BY_NOBODY, "none")                                                                                 \
	X(BY_PROGRAM, "program")                                                                             \
	X(BY_TLSBYE, "tlsbye")

#define EVENT_NOTIFY_RESULTS(X)                                                                              \
	X(NOTIFY_RESULT_SENT, "sent")                                                                        \
	X(NOTIFY_RESULT_PENDING, "pending")                                                                  \
	X(NOTIFY_RESULT_SILENT, "silent")                                                                    \
	X(NOTIFY_RESULT_WOULD_SEND, "would-send")

#define EVENT_VERDICTS(X)                                                                                    \
	X(VERDICT_CLEAN, "clean")                                                                            \
	X(VERDICT_CURED, "cured")                                                                            \
	X(VERDICT_WRONG, "wrong")                                                                            \
	X(VERDICT_FOREIGN, "foreign")                                                                        \
	X(VERDICT_MEANT, "meant")

/* What became of the program's data. */
#define EVENT_DATA(X)                                                                                        \
	X(DATA_UNKNOWN, "unknown")                                                                           \
	X(DATA_SAFE, "safe")                                                                                 \
	X(DATA_LOST, "lost")

/* What the bare close does, or would have done. */
#define EVENT_RESETS(X)                                                                                      \
	X(RESET_UNKNOWN, "")                                                                                 \
	X(RESET_NO, "no")                                                                                    \
	X(RESET_POSSIBLE, "possible")                                                                        \
	X(RESET_YES, "yes")

#define EVENT_TRANSPORTS(X)                                                                                  \
	X(TRANSPORT_UNKNOWN, "")                                                                             \
	X(TRANSPORT_TCP, "tcp")                                                                              \
	X(TRANSPORT_UNIX, "unix")                                                                            \
	X(TRANSPORT_DATAGRAM, "datagram")

#define EVENT_ROLES(X)                                                                                       \
	X(ROLE_UNKNOWN, "")                                                                                  \
	X(ROLE_SERVER, "server")                                                                             \
	X(ROLE_CLIENT, "client")

/* How far the peer's end of the stream is known at a failure. */
#define EVENT_PEER_STATES(X)                                                                                 \
	X(PEER_STATE_UNKNOWN, "", "")                                                                        \
	X(PEER_STATE_OPEN, "open", "still open")                                                             \
	X(PEER_STATE_FIN, "fin", "FIN")                                                                      \
	X(PEER_STATE_RESET, "reset", "reset")

/* Was the end that the program was told a close_notify, or a bare end of the stream (end_of_stream.h)? */
#define EVENT_HIDDEN_ENDS(X)                                                                                 \
	X(NOT_HIDDEN, "")                                                                                    \
	X(MAY_BE_HIDDEN, "possible")                                                                         \
	X(HIDDEN, "certain")

/* How a socket is handed over, in the order in which it is tried. Each is a bit, 1 << its place. */
#define EVENT_WAYS(X)                                                                                        \
	X(WAY_HUB, "hub")                                                                                    \
	X(WAY_CLONE, "clone")                                                                                \
	X(WAY_IN_PLACE, "in-place")

#define EVENT_NAME(name, ...)  name,
#define EVENT_PLACE(name, ...) name##_PLACE,
#define EVENT_BIT(name, ...)   name = 1 << name##_PLACE,

/*
 * An array with the words of a list, or with its clauses, in its order:
 *
 *	static const char kinds[][EVENT_LONGEST_WORD(EVENT_KINDS)] = {EVENT_KINDS(EVENT_WORD)};
 *
 * It is one of bytes: pointers would be relocated at the start of every process.
 */
#define EVENT_WORD(name, word, ...)                word,
#define EVENT_CLAUSE(name, word, clause, ...)      clause,
#define EVENT_WORD_ROOM(name, word, ...)           char name[sizeof(word)];
#define EVENT_CLAUSE_ROOM(name, word, clause, ...) char name[sizeof(clause)];
#define EVENT_LONGEST_WORD(LIST)                   sizeof(union {LIST(EVENT_WORD_ROOM)})
#define EVENT_LONGEST_CLAUSE(LIST)                 sizeof(union {LIST(EVENT_CLAUSE_ROOM)})

enum event_kind { EVENT_KINDS(EVENT_NAME) EVENT_KIND_COUNT };
enum fault_place { EVENT_FAULTS(EVENT_PLACE) FAULT_COUNT };
enum { EVENT_FAULTS(EVENT_BIT) };
enum reason { EVENT_REASONS(EVENT_NAME) REASON_COUNT };
enum cause { EVENT_CAUSES(EVENT_NAME) CAUSE_COUNT };
enum close_path_place { EVENT_CLOSE_PATHS(EVENT_PLACE) CLOSE_PATH_COUNT };
enum { EVENT_CLOSE_PATHS(EVENT_BIT) };
enum way_place { EVENT_WAYS(EVENT_PLACE) WAY_COUNT };
enum { EVENT_WAYS(EVENT_BIT) };
enum peer_end { EVENT_PEER_ENDS(EVENT_NAME) PEER_END_COUNT };
enum by { EVENT_BY(EVENT_NAME) };
enum notify_result { EVENT_NOTIFY_RESULTS(EVENT_NAME) };
enum verdict { EVENT_VERDICTS(EVENT_NAME) VERDICT_COUNT };
enum data_fate { EVENT_DATA(EVENT_NAME) };
enum reset { EVENT_RESETS(EVENT_NAME) };
enum transport { EVENT_TRANSPORTS(EVENT_NAME) };
enum role { EVENT_ROLES(EVENT_NAME) };
enum peer_state { EVENT_PEER_STATES(EVENT_NAME) };
enum hidden { EVENT_HIDDEN_ENDS(EVENT_NAME) };

#endif
