/* SPDX-License-Identifier: MIT */
/*
 * The lines themselves (events.h). A connection's end is told in the order in which a person asks: who; what the
 * program did; what we did; how the peer ended.
 */
#include "events.h"

#include "log.h"
#include "process.h"
#include "settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static char program[64];

void events_init(void)
{
	/* A copy: daemons write a title over their arguments, which is where this points. */
	const char *name = program_invocation_short_name;
	for (size_t i = 0; i < sizeof program - 1 && name[i]; i++)
		program[i] = name[i];
	log_init();
}

void event_thread_has_own_table(void)
{
	log_thread_has_own_table();
}

int event_try_log(const char *path)
{
	return log_try(path);
}

void events_flush(void)
{
	log_flush();
}

static void say(struct text *line)
{
	text_end_line(line);
	log_write(line);
}

/* --- settings --- */

/* The values are not read yet when these are said: LOG_LEVEL has no say in them. */
void event_bad_setting(const char *name, const char *text, const char *refusal, const char *fallback)
{
	struct text line = {0};
	text_add(&line, "tlsbye: " SETTING_PREFIX);
	text_add(&line, name);
	text_add(&line, "=");
	text_add_bytes(&line, text, strnlen(text, 200));
	text_add(&line, ": ");
	text_add(&line, refusal);
	text_add(&line, "; using ");
	text_add(&line, *fallback ? fallback : "none");
	say(&line);
}

void event_unknown_setting(const char *name, size_t length)
{
	struct text line = {0};
	text_add(&line, "tlsbye: ");
	text_add_bytes(&line, name, length);
	text_add(&line, ": no such setting; ignored (libtlsbye.so(8) lists them)");
	say(&line);
}

void event_bad_log(const char *path, int error)
{
	struct text line = {0};
	text_add(&line, "tlsbye: TLSBYE_LOG=");
	text_add_bytes(&line, path, strnlen(path, 400));
	text_add(&line, ": cannot be opened (");
	text_add(&line, strerror(error));
	text_add(&line, "); using stderr");
	say(&line);
}

/* --- who --- */

static void add_v4(struct text *line, const struct in_addr *address)
{
	const unsigned char *byte = (const unsigned char *)address;
	for (int i = 0; i < 4; i++) {
		if (i)
			text_add(line, ".");
		text_add_number(line, byte[i]);
	}
}

/* Without the :: abbreviation: every group stands, which is plain and needs no library. */
static void add_v6(struct text *line, const struct in6_addr *address)
{
	if (IN6_IS_ADDR_V4MAPPED(address)) {
		struct in_addr v4;
		memcpy(&v4, &address->s6_addr[12], sizeof v4);
		add_v4(line, &v4);
		return;
	}
	if (IN6_IS_ADDR_LOOPBACK(address)) {
		text_add(line, "[::1]");
		return;
	}
	for (int i = 0; i < 16; i += 2) {
		text_add(line, i ? ":" : "[");
		text_add_hex(line, (uint32_t)address->s6_addr[i] << 8 | address->s6_addr[i + 1]);
	}
	text_add(line, "]");
}

static void add_endpoint(struct text *line, const union endpoint *endpoint)
{
	if (endpoint->family == AF_INET)
		add_v4(line, &endpoint->v4.sin_addr);
	else if (endpoint->family == AF_INET6)
		add_v6(line, &endpoint->v6.sin6_addr);
	else
		text_add(line, endpoint->family == AF_UNIX ? "unix" : "unknown");
	if (endpoint->family == AF_INET || endpoint->family == AF_INET6) {
		text_add(line, ":");
		text_add_number(line, ntohs(endpoint->v4.sin_port)); /* sin6_port lies at the same place */
	}
}

static void add_who(struct text *line, const struct connection *c)
{
	text_add(line, "tlsbye: ");
	text_add(line, program);
	text_add(line, "[");
	text_add_number(line, (uint64_t)process_id());
	text_add(line, "] ");
	if (!c->cookie) { /* memory BIOs: only the program knows */
		text_add(line, "no socket known: ");
		return;
	}
	text_add(line, "fd ");
	text_add_number(line, (uint64_t)c->first_fd);
	text_add(line, " ");
	add_endpoint(line, &c->local);
	text_add(line, " - ");
	add_endpoint(line, &c->peer);
	text_add(line, ": ");
}

/* --- what the program did --- */

static void add_bytes(struct text *line, const char *before, uint64_t bytes, const char *after)
{
	if (!bytes)
		return;
	text_add(line, before);
	text_add_grouped(line, bytes);
	text_add(line, bytes == 1 ? " byte" : " bytes");
	text_add(line, after);
}

static void add_program(struct text *line, const struct connection *c)
{
	static const struct {
		uint32_t door;
		const char *name;
	} doors[] = {{DOOR_SHUTDOWN, "shutdown"}, {DOOR_CLEAR, "SSL_clear"}, {DOOR_FREE, "SSL_free"},
		     {DOOR_BIO, "BIO_free"},      {DOOR_CLOSE, "close"},     {DOOR_EXIT, "exit"}};
	const char *separator = "";
	uint32_t went = atomic_load(&c->doors);
	for (size_t i = 0; i < sizeof doors / sizeof doors[0]; i++) {
		if (!(went & doors[i].door))
			continue;
		text_add(line, separator);
		text_add(line, doors[i].name);
		separator = ", ";
	}
	text_add(line, c->called_shutdown ? " after SSL_shutdown" : " without SSL_shutdown");
	add_bytes(line, ", ", (uint64_t)c->unread + c->unread_tls, " unread");
	add_bytes(line, ", ", c->never_read, " behind its SSL_shutdown never read");
	add_bytes(line, ", ", c->unflushed, " in its BIO_f_buffer never flushed");
	add_bytes(line, ", its last SSL_write unfinished (up to ", c->unfinished, " not sent)");
}

/* --- what we did --- */

static const char *silence_text(enum silence silence)
{
	switch (silence) {
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

static bool we_notified(const struct connection *c)
{
	return c->notify == NOTIFY_SENT && !c->notify_by_program;
}

static void add_ours(struct text *line, const struct connection *c)
{
	const char *why = c->notify == NOTIFY_SENT ? NULL : silence_text(c->silence);
	bool observing = settings->mode != MODE_CURE;
	text_add(line, observing ? "; only observed" : "; ");
	if (observing) {
		if (why)
			text_add(line, ", would not send close_notify: ");
		text_add(line, why ? why : "");
		return;
	}
	if (we_notified(c))
		text_add(line, "sent close_notify");
	else if (c->notify == NOTIFY_SENT)
		text_add(line, "close_notify was sent already");
	else
		text_add(line, "no close_notify");
	if (why) {
		text_add(line, " (");
		text_add(line, why);
		text_add(line, ")");
	}
	if (c->completed_record)
		text_add(line, ", completed the last record");
	if (c->half_closed)
		text_add(line, ", half-closed");
	if (!c->lingered)
		return;
	text_add(line, ", drained ");
	text_add_grouped(line, c->drained);
	text_add(line, c->drained == 1 ? " byte in " : " bytes in ");
	text_add_grouped(line, c->drain_us / 1000);
	text_add(line, " ms");
}

/* --- how the peer ended --- */

/* The program's wish or the user's (TLSBYE_IGNORE_UNEXPECTED_EOF): it is the same bit. */
#define HIDDEN_BY "SSL_OP_IGNORE_UNEXPECTED_EOF"

static void add_peer(struct text *line, const struct connection *c)
{
	static const char *const ends[] = {
		[PEER_FIN] = "FIN",
		[PEER_RESET] = "reset",
		[PEER_IDLE] = "still open, and silent for so long that the drain ended (LINGER_IDLE)",
		[PEER_OVER_LIMIT] = "still open when the drain reached its limit",
		[PEER_OUTLIVES_US] = "still open when the process ended (AT_EXIT)",
		[PEER_GIVEN_UP] = "still open when its drain made room for another (LINGER_SOCKETS)",
	};
	const char *said = c->peer_notified                  ? "close_notify"
			   : c->peer_hidden == HIDDEN        ? "no close_notify (" HIDDEN_BY " hid that)"
			   : c->peer_hidden == MAY_BE_HIDDEN ? "perhaps no close_notify (" HIDDEN_BY
							       " may have hidden that)"
							     : NULL;
	if (!said && c->peer_end == PEER_UNKNOWN)
		return;
	text_add(line, "; peer: ");
	text_add(line, said ? said : "");
	if (c->peer_end == PEER_UNKNOWN)
		return;
	text_add(line, said ? ", then " : "");
	text_add(line, ends[c->peer_end]);
}

void event_hidden_end(const struct connection *c, uint64_t bytes, bool certain)
{
	if (settings->log_level < LEVEL_WARN)
		return;
	struct text line = {0};
	add_who(&line, c);
	text_add(&line, certain ? "warning: the peer ended" : "warning: the peer may have ended");
	text_add(&line, " without close_notify after ");
	text_add_grouped(&line, bytes);
	text_add(&line, bytes == 1 ? " byte" : " bytes");
	text_add(&line, ", and the program was told a clean end (" HIDDEN_BY "): the data may be truncated");
	say(&line);
}

/* Did the program leave nothing to be mended, and nothing to be told? */
static bool all_was_well(const struct connection *c)
{
	bool said = c->notify == NOTIFY_SENT && c->notify_by_program;
	bool another_cares = c->silence == NOT_OWNER || c->silence == ABORT_MEANT;
	return another_cares || (said && !c->unread && !c->unread_tls && !c->never_read && !c->unflushed &&
				 c->peer_end <= PEER_FIN);
}

void event_end(struct connection *c)
{
	enum level level = all_was_well(c) ? LEVEL_DEBUG : LEVEL_INFO;
	if (atomic_exchange(&c->told, true) || settings->mode == MODE_OFF || settings->log_level < level)
		return;
	struct text line = {0};
	add_who(&line, c);
	add_program(&line, c);
	add_ours(&line, c);
	add_peer(&line, c);
	say(&line);
}

void event_out_of_reach(void)
{
	static _Atomic bool said;
	if (settings->log_level < LEVEL_DEBUG || atomic_exchange(&said, true))
		return;
	struct text line = {0};
	text_add(&line, "tlsbye: ");
	text_add(&line, program);
	text_add(&line, "[");
	text_add_number(&line, (uint64_t)process_id());
	text_add(
		&line,
		"]: the SSL_* calls of a connection show no socket (memory BIOs?): its goodbye is out of reach "
		"(said once)");
	say(&line);
}
