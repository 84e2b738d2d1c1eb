/* SPDX-License-Identifier: MIT */
/*
 * The five trials of a server, each on a connection of its own: what the judging peer does in them, and what it found.
 * Nothing is judged here (findings.c).
 */
#ifndef TLSBYE_PROBE_TRIALS_H
#define TLSBYE_PROBE_TRIALS_H

#include "judge/message.h"
#include "judge/verdict.h"
#include "plan.h"
#include "reach.h"

enum trial_id {
	TRIAL_WAIT,       /* asks, and waits for the peer's end */
	TRIAL_NOTIFY,     /* ends first: close_notify and half-close behind the reply */
	TRIAL_HALF_CLOSE, /* half-closes behind the request, without close_notify */
	TRIAL_UNREAD,     /* sends more than the peer wants to read, right behind the request */
	TRIAL_LATE,       /* sends it once the first byte of the reply has come */
	TRIALS,
};

struct trial {
	bool tried; /* the conversation took place */
	struct verdict verdict;
	struct message message;
	struct trouble trouble; /* why it was not tried */
};

struct trials {
	struct peer peer;
	struct trial each[TRIALS];
	size_t trail; /* how many bytes lay unread, or came late */
};

const char *trials_name(enum trial_id id);

/* All five, or up to the first failure of TRIAL_WAIT, or until SIGINT. */
void trials_run(const struct plan *plan, struct trials *trials);

/* Why no TLS came about; false: there is no such reason. */
bool trials_failed(const struct plan *plan, const struct verdict *v, const char *peer,
		   struct trouble *trouble);

#endif
