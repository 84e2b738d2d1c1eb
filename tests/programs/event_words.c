/* SPDX-License-Identifier: MIT */
/*
 * The words of events as the one table has them (event_table.h), for a test that holds the schema and the manual against
 * them: "list word", a line each. An empty word is none: its key is absent.
 */
#include <stdio.h>

#include "event_table.h"

static void put(const char *list, size_t count, size_t room, const char *words)
{
	for (size_t i = 0; i < count; i++)
		if (words[i * room])
			printf("%s %s\n", list, words + i * room);
}

#define PUT(name, LIST)                                                                                      \
	do {                                                                                                 \
		static const char words[][EVENT_LONGEST_WORD(LIST)] = {LIST(EVENT_WORD)};                    \
		put(name, sizeof(words) / sizeof(words[0]), sizeof(words[0]), words[0]);                     \
	} while (0)

int main(void)
{
	PUT("kind", EVENT_KINDS);
	PUT("fault", EVENT_FAULTS);
	PUT("reason", EVENT_REASONS);
	PUT("cause", EVENT_CAUSES);
	PUT("close_path", EVENT_CLOSE_PATHS);
	PUT("peer_end", EVENT_PEER_ENDS);
	PUT("by", EVENT_BY);
	PUT("result", EVENT_NOTIFY_RESULTS);
	PUT("verdict", EVENT_VERDICTS);
	PUT("data", EVENT_DATA);
	PUT("reset", EVENT_RESETS);
	PUT("transport", EVENT_TRANSPORTS);
	PUT("role", EVENT_ROLES);
	PUT("peer_state", EVENT_PEER_STATES);
	PUT("hidden", EVENT_HIDDEN_ENDS);
	PUT("way", EVENT_WAYS);
	return 0;
}
