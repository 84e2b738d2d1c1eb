/* SPDX-License-Identifier: MIT */
/*
 * Arrays that are expansions of event_table.h, and how a word is found in one (vocabulary.h).
 */
#include "vocabulary.h"

#include <string.h>

#define WORDS(array, LIST)   static const char array[][EVENT_LONGEST_WORD(LIST)] = {LIST(EVENT_WORD)}
#define CLAUSES(array, LIST) static const char array[][EVENT_LONGEST_CLAUSE(LIST)] = {LIST(EVENT_CLAUSE)}

WORDS(kinds, EVENT_KINDS);
WORDS(faults, EVENT_FAULTS);
WORDS(reasons, EVENT_REASONS);
WORDS(causes, EVENT_CAUSES);
WORDS(close_paths, EVENT_CLOSE_PATHS);
WORDS(peer_ends, EVENT_PEER_ENDS);
CLAUSES(fault_clauses, EVENT_FAULTS);
CLAUSES(reason_clauses, EVENT_REASONS);
CLAUSES(cause_clauses, EVENT_CAUSES);

/* The words of a list lie one after the other, each in so much room. An empty one is none: its key is absent. */
static unsigned place_of(const char *words, size_t room, unsigned count, const char *word, size_t length)
{
	for (unsigned i = 0; length && i < count; i++)
		if (strlen(words + i * room) == length && memcmp(words + i * room, word, length) == 0)
			return i;
	return count;
}
#define PLACE_OF(words, word, length)                                                                        \
	place_of((words)[0], sizeof((words)[0]), sizeof(words) / sizeof((words)[0]), word, length)

static size_t length_of(const char *word)
{
	return word ? strlen(word) : 0;
}

enum event_kind vocabulary_kind(const char *word)
{
	return (enum event_kind)PLACE_OF(kinds, word, length_of(word));
}

enum cause vocabulary_cause(const char *word)
{
	return (enum cause)PLACE_OF(causes, word, length_of(word));
}

enum peer_end vocabulary_peer_end(const char *word)
{
	return (enum peer_end)PLACE_OF(peer_ends, word, length_of(word));
}

enum fault_place vocabulary_fault(const char *word, size_t length)
{
	return (enum fault_place)PLACE_OF(faults, word, length);
}

const char *vocabulary_fault_word(enum fault_place fault)
{
	return faults[fault];
}

const char *vocabulary_close_path_word(enum close_path_place path)
{
	return close_paths[path];
}

/* --- for people --- */

const char *vocabulary_reason_clause(const char *word)
{
	unsigned place = PLACE_OF(reasons, word, length_of(word));

	return place < REASON_COUNT ? reason_clauses[place] : word;
}

const char *vocabulary_cause_clause(const char *word)
{
	enum cause cause = vocabulary_cause(word);

	if (cause == CAUSE_OTHER)
		return "another reason";
	return cause < CAUSE_COUNT ? cause_clauses[cause] : word;
}

const char *vocabulary_fault_clause(enum fault_place fault)
{
	return fault < FAULT_COUNT ? fault_clauses[fault] : "did something that this report does not know";
}

/* --- by what they cost --- */

#define BY_LOSS(X)                                                                                           \
	X(FAULT_UNREAD_AT_CLOSE)                                                                             \
	X(FAULT_SHUTDOWN_RDWR)                                                                               \
	X(FAULT_WRITE_TO_CLOSED_PEER)                                                                        \
	X(FAULT_UNFINISHED_WRITE)                                                                            \
	X(FAULT_BAD_WRITE_RETRY)                                                                             \
	X(FAULT_UNFLUSHED)                                                                                   \
	X(FAULT_FIN_UNAWAITED)                                                                               \
	X(FAULT_NO_CLOSE_NOTIFY)
#define BIT_OF(name) | name

const enum fault_place vocabulary_faults_by_loss[FAULT_COUNT] = {BY_LOSS(EVENT_PLACE)};
_Static_assert((0 BY_LOSS(BIT_OF)) == (1 << FAULT_COUNT) - 1, "each fault of the table has its rank");

unsigned vocabulary_rank_by_loss(enum fault_place fault)
{
	unsigned rank = 0;

	while (rank < FAULT_COUNT && vocabulary_faults_by_loss[rank] != fault)
		rank++;
	return rank;
}
