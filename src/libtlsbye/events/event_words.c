/* SPDX-License-Identifier: MIT */
/* The clauses of event_table.h by their value, for event_text.c. As in event_names.c. */
#include "events/event.h"

#define CLAUSE(name, word, text)                                                                             \
	case name:                                                                                           \
		return text;

#define CLAUSES(function, type, table)                                                                       \
	const char *function(type value)                                                                     \
	{                                                                                                    \
		switch (value) {                                                                             \
			table(CLAUSE) default : return "";                                                   \
		}                                                                                            \
	}

/* clang-format off */
CLAUSES(event_words_reason, enum reason, EVENT_REASONS)
CLAUSES(event_words_cause, enum cause, EVENT_CAUSES)
CLAUSES(event_words_peer_end, enum peer_end, EVENT_PEER_ENDS)
CLAUSES(event_words_peer_state, enum peer_state, EVENT_PEER_STATES)
/* clang-format on */
