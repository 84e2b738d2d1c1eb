/* SPDX-License-Identifier: MIT */
/*
 * The words of event_table.h by their value (or place). Arrays of bytes and not of pointers: these would be relocated at the
 * start of every process. A value of another version's, in a message, has no word.
 */
#include "events/event.h"

#define NAMES(function, type, LIST)                                                                          \
	const char *function(type value)                                                                     \
	{                                                                                                    \
		static const char words[][EVENT_LONGEST_WORD(LIST)] = {LIST(EVENT_WORD)};                    \
		return (unsigned)value < sizeof words / sizeof words[0] ? words[value] : "";                 \
	}

NAMES(event_names_kind, enum event_kind, EVENT_KINDS)
NAMES(event_names_fault, unsigned, EVENT_FAULTS)
NAMES(event_names_reason, enum reason, EVENT_REASONS)
NAMES(event_names_cause, enum cause, EVENT_CAUSES)
NAMES(event_names_close_path, unsigned, EVENT_CLOSE_PATHS)
NAMES(event_names_way, enum way_place, EVENT_WAYS)
NAMES(event_names_peer_end, enum peer_end, EVENT_PEER_ENDS)
NAMES(event_names_by, enum by, EVENT_BY)
NAMES(event_names_result, enum notify_result, EVENT_NOTIFY_RESULTS)
NAMES(event_names_verdict, enum verdict, EVENT_VERDICTS)
NAMES(event_names_data, enum data_fate, EVENT_DATA)
NAMES(event_names_reset, enum reset, EVENT_RESETS)
NAMES(event_names_transport, enum transport, EVENT_TRANSPORTS)
NAMES(event_names_role, enum role, EVENT_ROLES)
NAMES(event_names_peer_state, enum peer_state, EVENT_PEER_STATES)
NAMES(event_names_hidden, enum hidden, EVENT_HIDDEN_ENDS)

/* Nothing that kept it back was met: then it was not tried, or it is not known. */
enum reason event_names_why(const struct event *event)
{
	if (event->end.why != MAY_SPEAK && event->end.why != ALREADY_SAID)
		return event->end.why;
	return event->mode == MODE_OBSERVE ? ONLY_OBSERVED : REASON_NOT_KNOWN;
}
