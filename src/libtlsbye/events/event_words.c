/* SPDX-License-Identifier: MIT */
/*
 * The words of event_text.c, out of the one table (event_table.h); and those that both renderings have.
 *
 * Rules: arrays of bytes, none of pointers (event_table.h says why).
 */
#include "events/event.h"

/* "": there is nothing to be said. */
static const char *unless_empty(const char *clause)
{
	return *clause ? clause : NULL;
}

const char *event_words_reason(enum reason reason)
{
	static const char clauses[][EVENT_LONGEST_CLAUSE(EVENT_REASONS)] = {EVENT_REASONS(EVENT_CLAUSE)};
	return unless_empty(clauses[reason]);
}

const char *event_words_cause(enum cause cause)
{
	static const char clauses[][EVENT_LONGEST_CLAUSE(EVENT_CAUSES)] = {EVENT_CAUSES(EVENT_CLAUSE)};
	return unless_empty(clauses[cause]);
}

const char *event_words_peer_end(enum peer_end peer_end)
{
	static const char clauses[][EVENT_LONGEST_CLAUSE(EVENT_PEER_ENDS)] = {EVENT_PEER_ENDS(EVENT_CLAUSE)};
	return clauses[peer_end];
}

const char *event_words_peer_state(enum peer_state state)
{
	static const char clauses[][EVENT_LONGEST_CLAUSE(EVENT_PEER_STATES)] = {
		EVENT_PEER_STATES(EVENT_CLAUSE)};
	return unless_empty(clauses[state]);
}

const char *event_words_close_path(unsigned place)
{
	static const char words[][EVENT_LONGEST_WORD(EVENT_CLOSE_PATHS)] = {EVENT_CLOSE_PATHS(EVENT_WORD)};
	return words[place];
}
