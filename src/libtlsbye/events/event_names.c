/* SPDX-License-Identifier: MIT */
/*
 * The words of event_table.h by their value: a switch, and no array of pointers, which would be relocated at the start of
 * every process.
 */
#include "events/event.h"

#define WORD(name, word, ...)                                                                                \
	case name:                                                                                           \
		return word;
#define WORD_OF_PLACE(name, word, ...)                                                                       \
	case name##_PLACE:                                                                                   \
		return word;

/* A value of another version's, in a message or in a log, has no word. */
#define WORDS(function, type, table, as)                                                                     \
	const char *function(type value)                                                                     \
	{                                                                                                    \
		switch (value) {                                                                             \
			table(as) default : return "";                                                       \
		}                                                                                            \
	}

/* clang-format off */
WORDS(event_names_kind, enum event_kind, EVENT_KINDS, WORD)
WORDS(event_names_fault, unsigned, EVENT_FAULTS, WORD_OF_PLACE)
WORDS(event_names_reason, enum reason, EVENT_REASONS, WORD)
WORDS(event_names_cause, enum cause, EVENT_CAUSES, WORD)
WORDS(event_names_close_path, unsigned, EVENT_CLOSE_PATHS, WORD_OF_PLACE)
WORDS(event_names_peer_end, enum peer_end, EVENT_PEER_ENDS, WORD)
WORDS(event_names_by, enum by, EVENT_BY, WORD)
WORDS(event_names_result, enum notify_result, EVENT_NOTIFY_RESULTS, WORD)
WORDS(event_names_verdict, enum verdict, EVENT_VERDICTS, WORD)
WORDS(event_names_data, enum data_fate, EVENT_DATA, WORD)
WORDS(event_names_reset, enum reset, EVENT_RESETS, WORD)
WORDS(event_names_transport, enum transport, EVENT_TRANSPORTS, WORD)
WORDS(event_names_role, enum role, EVENT_ROLES, WORD)
WORDS(event_names_peer_state, enum peer_state, EVENT_PEER_STATES, WORD)
WORDS(event_names_hidden, enum hidden, EVENT_HIDDEN_ENDS, WORD)
/* clang-format on */
