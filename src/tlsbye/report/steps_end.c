/* SPDX-License-Identifier: MIT */
/*
 * The letting go, out of the end event: the close paths in the order program, OpenSSL, kernel, peer; then what we did or
 * would have done about it.
 *
 * Rules: only what the log says. A bare close whose outcome is not known is not drawn as one.
 */
#include "steps_make.h"

#include <string.h>

#include "vocabulary.h"
#include "words.h"

/* Right before an event of the same moment: what caused it. */
#define JUST_BEFORE 1e-6

static bool is(const char *value, const char *code)
{
	return value && strcmp(value, code) == 0;
}

/* --- the close paths --- */

/* A close path has one name in "doors"; its site has the name of the very function. */
static const struct close_path {
	enum lane to;
	const char *calls[8];
} close_paths[CLOSE_PATH_COUNT] = {
	[PATH_SHUTDOWN_PLACE] = {LANE_KERNEL, {"shutdown"}},
	[PATH_SSL_CLEAR_PLACE] = {LANE_OPENSSL, {"SSL_clear"}},
	[PATH_SSL_FREE_PLACE] = {LANE_OPENSSL, {"SSL_free"}},
	[PATH_BIO_FREE_PLACE] = {LANE_OPENSSL, {"BIO_free", "BIO_free_all"}},
	[PATH_CLOSE_PLACE] = {LANE_KERNEL,
			      {"close", "fclose", "freopen", "dup2", "dup3", "close_range", "closefrom"}},
	[PATH_EXIT_PLACE] = {LANE_KERNEL, {"exit", "_exit", "_Exit", "quick_exit", "execve"}},
};
enum { CALLS = sizeof(close_paths[0].calls) / sizeof(close_paths[0].calls[0]) };

/* Is it one of the words of "SSL_free, close"? */
static bool went_through(const struct record *end, enum close_path_place path)
{
	const char *word = vocabulary_close_path_word(path);

	for (const char *list = end->doors; list && *list; list += strspn(list, ", ")) {
		size_t length = strcspn(list, ", ");

		if (length == strlen(word) && memcmp(list, word, length) == 0)
			return true;
		list += length;
	}
	return false;
}

static const struct site *site_of(const struct record *end, const struct close_path *path)
{
	for (size_t i = 0; i < CALLS && path->calls[i]; i++) {
		const struct site *site = record_site(end, path->calls[i]);
		if (site)
			return site;
	}
	return NULL;
}

static void add_close_path(struct making *m, enum close_path_place which)
{
	const struct close_path *path = &close_paths[which];
	const struct record *end = m->story->end;
	const struct site *site = site_of(end, path);
	struct step *step = step_add(m, LANE_PROGRAM, path->to, TONE_PLAIN);
	char bytes[BYTES_SIZE];

	step_label(m, step, "%s()", site ? site->call : vocabulary_close_path_word(which));
	step_place(m, step, site);
	if (path->to == LANE_OPENSSL && end->unflushed > 0)
		step_note(m, step, "%s in a BIO_f_buffer never flushed", words_bytes(bytes, end->unflushed));
	if (path->to == LANE_OPENSSL && end->unfinished > 0)
		step_note(m, step, "the last SSL_write() unfinished: up to %s",
			  words_bytes(bytes, end->unfinished));
	if (path->to != LANE_KERNEL || which == PATH_SHUTDOWN_PLACE)
		return;
	if (end->unread > 0)
		step_note(m, step, "%s unread in the socket", words_bytes(bytes, end->unread));
	if (end->unread_tls > 0)
		step_note(m, step, "%s decrypted, never asked for", words_bytes(bytes, end->unread_tls));
}

/* --- the data, in all --- */

/* Totals, without a time: they stand where the conversation was, behind the handshake. */
static void add_data(struct making *m)
{
	const struct record *end = m->story->end;
	const char *least = end->bytes_partial > 0 ? "at least " : "";
	char bytes[BYTES_SIZE];
	struct step *step;

	if (end->bytes_read > 0) {
		step = step_add(m, LANE_OPENSSL, LANE_PROGRAM, TONE_PLAIN);
		step_label(m, step, "read %s%s", least, words_bytes(bytes, end->bytes_read));
	}
	if (end->bytes_written > 0) {
		step = step_add(m, LANE_PROGRAM, LANE_OPENSSL, TONE_PLAIN);
		step_label(m, step, "wrote %s%s", least, words_bytes(bytes, end->bytes_written));
	}
}

/* --- close_notify --- */

static void add_close_notify(struct making *m)
{
	const struct record *end = m->story->end;
	struct step *step;

	if (m->notified)
		return;
	m->notified = true;
	if (is(end->close_notify, BY_TLSBYE_WORD)) {
		step_label(m, step_add(m, LANE_OPENSSL, LANE_PEER, TONE_GOOD), "close_notify by tlsbye");
	} else if (is(end->close_notify, BY_PROGRAM_WORD)) {
		step_label(m, step_add(m, LANE_OPENSSL, LANE_PEER, TONE_PLAIN), "close_notify");
	} else if (is(end->close_notify, BY_NOBODY_WORD)) {
		bool fine = is(end->verdict, VERDICT_FOREIGN_WORD) || is(end->verdict, VERDICT_MEANT_WORD);
		step = step_add(m, LANE_OPENSSL, LANE_OPENSSL, fine ? TONE_PLAIN : TONE_MISSING);
		step_label(m, step, "no close_notify");
		if (end->why && !is(end->why, ONLY_OBSERVED_WORD))
			step_note(m, step, "%s%s", m->steps->observed ? "nor would tlsbye send it: " : "",
				  vocabulary_reason_clause(end->why));
	}
}

static void add_called_shutdown(struct making *m)
{
	const struct record *end = m->story->end;
	struct step *step;

	if (end->called_shutdown <= 0 || m->program_notified)
		return;
	step = step_add(m, LANE_PROGRAM, LANE_OPENSSL, TONE_PLAIN);
	step_label(m, step, "SSL_shutdown()");
	step_place(m, step, record_site(end, "SSL_shutdown"));
	if (is(end->close_notify, BY_PROGRAM_WORD))
		add_close_notify(m);
}

/* --- the kernel --- */

static void add_half_close(struct making *m)
{
	if (!m->half_closed)
		step_label(m, step_add(m, LANE_KERNEL, LANE_PEER, TONE_GOOD), "FIN by tlsbye");
}

static void add_drained(struct making *m)
{
	const struct record *end = m->story->end;
	char bytes[BYTES_SIZE];
	struct step *step;

	if (m->drained || end->drained < 0)
		return;
	step = step_add(m, LANE_PEER, LANE_KERNEL, TONE_GOOD);
	step_label(m, step, "drained %s", words_bytes(bytes, end->drained));
	if (end->drain_us >= 0)
		step_note(m, step, "in %.3f ms", (double)end->drain_us / 1e3);
}

/* A close says nothing to the peer where the program's FIN is out already, or the peer has reset the connection. */
static bool fin_is_due(const struct making *m)
{
	return !m->program_half_closed && !m->peer_reset;
}

/* What the kernel makes of a last close that nobody cures. */
static void add_bare_close(struct making *m)
{
	const struct record *end = m->story->end;
	bool resets = is(end->will_reset, RESET_YES_WORD);
	char bytes[BYTES_SIZE];
	struct step *step;

	if (!end->will_reset && end->abort_meant <= 0)
		return;
	step = NULL;
	if (resets || end->abort_meant > 0 || fin_is_due(m)) {
		step = step_add(m, LANE_KERNEL, LANE_PEER,
				resets && end->abort_meant <= 0 ? TONE_LOST : TONE_PLAIN);
		step_label(m, step, resets || end->abort_meant > 0 ? "RST" : "FIN");
	}
	if (end->abort_meant > 0) {
		step_note(m, step, "meant: SO_LINGER with a time of 0");
	} else if (resets) {
		if (end->unread > 0)
			step_note(m, step, "caused by %s unread", words_bytes(bytes, end->unread));
		if (end->unsent > 0)
			step_note(m, step, "%s not yet acknowledged: thrown away",
				  words_bytes(bytes, end->unsent));
	} else if (is(end->will_reset, RESET_POSSIBLE_WORD)) {
		step = step_add(m, LANE_KERNEL, LANE_PEER, TONE_MISSING);
		step_label(m, step, "RST if more comes");
		step_note(m, step, "nobody waited for its end");
	}
}

static void add_would(struct making *m, bool lets_socket_go)
{
	const struct record *end = m->story->end;
	char bytes[BYTES_SIZE];

	for (int i = 0; i < 3; i++) {
		struct step *step;

		if (i == 0 ? m->notify_at >= 0 || end->would_notify <= 0 : !lets_socket_go)
			continue;
		step = step_add(m,
				i == 0   ? LANE_OPENSSL
				: i == 1 ? LANE_KERNEL
					 : LANE_PEER,
				i == 2 ? LANE_KERNEL : LANE_PEER, TONE_GOOD);
		step->would = true;
		step_label(m, step,
			   i == 0   ? "would send close_notify"
			   : i == 1 ? "would send FIN"
				    : "would drain");
		if (i == 2 && end->unread > 0)
			step_note(m, step, "%s, and what comes until its end",
				  words_bytes(bytes, end->unread));
	}
}

/* --- the peer --- */

static void add_peer_end(struct making *m)
{
	static const struct {
		const char *label, *note;
		enum lane to;
		enum tone tone;
	} ends[PEER_END_COUNT + 1] = {
		[PEER_FIN] = {"FIN", NULL, LANE_KERNEL, TONE_PLAIN},
		[PEER_RESET] = {"RST", NULL, LANE_KERNEL, TONE_LOST},
		[PEER_IDLE] = {"silent, still open", "the drain ended (LINGER_IDLE)", LANE_PEER,
			       TONE_MISSING},
		[PEER_OVER_LIMIT] = {"still sending", "the drain reached its limit", LANE_PEER, TONE_MISSING},
		[PEER_OUTLIVES_US] = {"still open", "when the process ended (AT_EXIT)", LANE_PEER,
				      TONE_MISSING},
		[PEER_GIVEN_UP] = {"still open", "its drain made room for another (LINGER_SOCKETS)",
				   LANE_PEER, TONE_MISSING},
	};
	const struct record *end = m->story->end;
	enum peer_end which = vocabulary_peer_end(end->peer_end);
	struct step *step;

	if (end->peer_notified > 0)
		step_label(m, step_add(m, LANE_PEER, LANE_OPENSSL, TONE_PLAIN), "close_notify");
	if (!ends[which].label)
		return;
	step = step_add(m, LANE_PEER, ends[which].to, ends[which].tone);
	step_label(m, step, "%s", ends[which].label);
	if (ends[which].note)
		step_note(m, step, "%s", ends[which].note);
}

/* --- all of it --- */

/* The data stands behind the last thing that happened before the program let go. */
static double when_talked(const struct making *m)
{
	double moment = 0;

	for (size_t i = 0; i < m->story->count; i++) {
		const struct record *r = m->story->events[i];
		if (r->kind == EVENT_TRACKED || r->kind == EVENT_HANDSHAKE)
			moment = ms_of(m, r->time);
	}
	return moment + JUST_BEFORE;
}

/*
 * The log has no time for a close path. What our goodbye did tells it nearly: close_notify was said on the first, and the
 * half-close came on the last.
 */
void steps_end_make(struct making *m)
{
	const struct record *end = m->story->end;
	double finish = ms_of(m, end->time);
	double gone = end->drain_us > 0 ? finish - (double)end->drain_us / 1e3 : finish;
	bool lets_socket_go = went_through(end, PATH_CLOSE_PLACE) || went_through(end, PATH_EXIT_PLACE);

	m->moment = when_talked(m);
	add_data(m);
	m->moment = (m->notify_at >= 0 ? m->notify_at : gone) - JUST_BEFORE;
	add_called_shutdown(m);
	for (enum close_path_place i = 0; i < CLOSE_PATH_COUNT; i++) {
		if (!went_through(end, i))
			continue;
		if (close_paths[i].to == LANE_KERNEL && i != PATH_SHUTDOWN_PLACE) {
			if (went_through(end, PATH_SSL_FREE_PLACE) || went_through(end, PATH_BIO_FREE_PLACE))
				add_close_notify(m);
			m->moment = (m->half_close_at >= 0 ? m->half_close_at : gone) - JUST_BEFORE;
		}
		add_close_path(m, i);
	}
	add_close_notify(m);
	m->moment = end->drain_us > 0 ? finish : m->moment;
	if (end->half_closed > 0) {
		add_half_close(m);
		add_drained(m);
	} else if (lets_socket_go) {
		add_bare_close(m);
	}
	m->moment = finish;
	add_peer_end(m);
	if (m->steps->observed && is(end->verdict, VERDICT_WRONG_WORD))
		add_would(m, lets_socket_go);
}
