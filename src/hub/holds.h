/* SPDX-License-Identifier: MIT */
/*
 * The sockets that the hub drains. Each goes through drain.h's steps when something happens on it or its time has come,
 * and is told, closed and forgotten when it is over.
 *
 * Limits (P10): of a process as its LINGER_SOCKETS says, of the tree as many as there are descriptors. Past one, the hold
 * that can best be spared is evicted: of the oldest few, rather one whose close_notify is not still to come, then one that
 * has nothing left on its way to the peer, then the oldest. No newcomer costs a scan of all.
 *
 * Rules: a descriptor that is given away is kept or closed here. Memory of a hold: its own bytes and its call sites, no
 * more (the residue is a mapping of its own, where there is any).
 */
#ifndef TLSBYE_HOLDS_H
#define TLSBYE_HOLDS_H

#include "hub/message_check.h"
#include "hub/processes.h"
#include "hub/timers.h"

/* May so many descriptors be open in all? */
void holds_begin(unsigned descriptors);

/* Its bytes were checked. error_fd: -1 if none came. On a fault both are closed. */
enum message_fault holds_take(struct process *process, const struct message_hold *message, int fd,
			      int error_fd);

/* What a hold waited for: close_notify, or the reason why there is none. */
enum message_fault holds_spoken(struct process *process, const struct message_spoken *message);

/* Room for so many descriptors more, beside so many that are not the holds'. */
void holds_make_room(unsigned others, unsigned more);

/* Whose time has come. */
void holds_look(uint64_t now_us);

/* The process has ended, or is another program by now: nothing of what was to follow comes any more, nobody reads there. */
void holds_nothing_follows(struct process *process);

uint32_t holds_count(void);

/* The number that the next one gets; are all before this one over? */
uint64_t holds_next_number(void);
bool holds_over_before(uint64_t number);

/* From now on, none lasts longer than so: neither these nor those that come. */
void holds_hurry(uint64_t most_us);

/* All of them now, each with its FIN. */
void holds_end_all(void);

#endif
