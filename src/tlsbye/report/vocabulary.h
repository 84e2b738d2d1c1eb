/* SPDX-License-Identifier: MIT */
/*
 * The words of a log, by name and by place, out of the one table (event_table.h) that the object writes them from.
 *
 * A record keeps each word as it was written: a log of another version may have words that this table does not have, and
 * then the word itself is shown. So a word is compared with a constant that is made of the table (VERDICT_WRONG_WORD is
 * "wrong"), or looked up where something depends on which one it is.
 *
 * Rules: no word of these lists stands in another file of the report, unless it is the name of something else there: a
 * function that was called, a count, a colour.
 */
#ifndef TLSBYE_REPORT_VOCABULARY_H
#define TLSBYE_REPORT_VOCABULARY_H

#include <stddef.h>

#include "event_table.h"

#define VOCABULARY_CONSTANT(name, word, ...) static const char name##_WORD[] = word;
EVENT_KINDS(VOCABULARY_CONSTANT)
EVENT_REASONS(VOCABULARY_CONSTANT)
EVENT_CAUSES(VOCABULARY_CONSTANT)
EVENT_CLOSE_PATHS(VOCABULARY_CONSTANT)
EVENT_PEER_ENDS(VOCABULARY_CONSTANT)
EVENT_BY(VOCABULARY_CONSTANT)
EVENT_NOTIFY_RESULTS(VOCABULARY_CONSTANT)
EVENT_VERDICTS(VOCABULARY_CONSTANT)
EVENT_DATA(VOCABULARY_CONSTANT)
EVENT_RESETS(VOCABULARY_CONSTANT)
EVENT_TRANSPORTS(VOCABULARY_CONSTANT)
EVENT_ROLES(VOCABULARY_CONSTANT)
EVENT_PEER_STATES(VOCABULARY_CONSTANT)
EVENT_HIDDEN_ENDS(VOCABULARY_CONSTANT)
#undef VOCABULARY_CONSTANT

/* A word's place in its list; the list's length (EVENT_KIND_COUNT ..) where it is NULL, or is not in it. */
enum event_kind vocabulary_kind(const char *word);
enum cause vocabulary_cause(const char *word);
enum peer_end vocabulary_peer_end(const char *word);
enum fault_place vocabulary_fault(const char *word, size_t length);

/* At a place. */
const char *vocabulary_fault_word(enum fault_place fault);
const char *vocabulary_close_path_word(enum close_path_place path);

/* The clause for people; an unknown word itself, because better an odd word than none. */
const char *vocabulary_reason_clause(const char *word); /* of "why" */
const char *vocabulary_cause_clause(const char *word);
const char *vocabulary_fault_clause(enum fault_place fault); /* "let go without SSL_shutdown()" */

/*
 * The faults in another order, and a fault's place in that: the one that cost the data comes first. A missing close_notify
 * loses none; what was unread beside it does.
 */
extern const enum fault_place vocabulary_faults_by_loss[FAULT_COUNT];
unsigned vocabulary_rank_by_loss(enum fault_place fault); /* FAULT_COUNT: no fault's, the last */

#endif
