/* SPDX-License-Identifier: MIT */
/* The clauses of event_table.h by their value, for event_text.c. As in event_names.c. */
#include "events/event.h"

#define WORDS(function, type, LIST)                                                                          \
	const char *function(type value)                                                                     \
	{                                                                                                    \
		static const char clauses[][EVENT_LONGEST_CLAUSE(LIST)] = {LIST(EVENT_CLAUSE)};              \
		return (unsigned)value < sizeof clauses / sizeof clauses[0] ? clauses[value] : "";           \
	}

WORDS(event_words_reason, enum reason, EVENT_REASONS)
WORDS(event_words_cause, enum cause, EVENT_CAUSES)
WORDS(event_words_peer_end, enum peer_end, EVENT_PEER_ENDS)
WORDS(event_words_peer_state, enum peer_state, EVENT_PEER_STATES)
