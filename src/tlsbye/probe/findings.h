/* SPDX-License-Identifier: MIT */
/*
 * From what the judging peer saw to "clean" or not. The definition stands here and in tlsbye-probe(1), nowhere else.
 */
#ifndef TLSBYE_PROBE_FINDINGS_H
#define TLSBYE_PROBE_FINDINGS_H

#include "trials.h"

/* Worst first: each breaks the promise that a peer can have all data, and know that it has it. */
enum fault {
	FAULT_NO_REPLY_TRAIL,
	FAULT_TRUNCATED,
	FAULT_TRUNCATED_TRAIL,
	FAULT_RESET,
	FAULT_RESET_UNREAD,
	FAULT_RESET_LATE,
	FAULT_BROKEN_RECORD,
	FAULT_ALERT,
	FAULT_NO_NOTIFY,
	FAULT_NO_NOTIFY_TRAIL,
	FAULT_RECORDS_BEHIND,
	FAULT_NOTIFY_RESET,
	FAULT_NOTIFY_UNANSWERED,
	FAULTS,
};

enum whole { WHOLE_UNKNOWN, WHOLE_NO, WHOLE_YES };

/* How much of the data came, as far as anything tells. */
struct delivery {
	enum whole whole;
	bool expects;
	uint64_t expected;
};

struct findings {
	struct delivery each[TRIALS];
	bool faults[FAULTS];
	bool complete; /* every trial was tried */
	bool unsure; /* a reply was shorter than the same request's before, and nothing tells whether it was whole */
	bool clean; /* every trial was tried, is sure, and showed no fault */
};

const char *findings_fault_code(enum fault fault);     /* reset-unread */
const char *findings_fault_sentence(enum fault fault); /* it resets the connection when ... */

void findings_make(const struct trials *trials, struct findings *findings);

/* Of one client of --listen. */
void findings_of_client(const struct plan *plan, const struct trial *client, struct delivery *delivery,
			bool faults[FAULTS]);

/* A RST that our own words did not provoke. */
bool findings_reset(const struct verdict *v);

/* TCP came to an end. */
bool findings_ended(const struct verdict *v);

#endif
