/* SPDX-License-Identifier: MIT */
/*
 * The words in shared memory that the holders of a forked connection have in common: how many they are, and which of them
 * has spoken, or read, since the fork (ownership.h decides what follows from that).
 *
 * Pages are mapped before a fork and inherited, each twice as large as the one before, so that a search looks at few of them;
 * in a page it goes on where the last one has ended. Thus the first fork of a process with n connections takes n steps.
 *
 * Rules: async-signal-safe: atomics, and mmap. Relatives take slots from the same pages at the same time.
 */
#ifndef TLSBYE_FORK_SLOTS_H
#define TLSBYE_FORK_SLOTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Of whom a slot tells. */
enum { NOBODY_YET = 0, SEVERAL = UINT32_MAX };

struct fork_slot {
	_Atomic uint32_t holders;
	_Atomic uint32_t speaker; /* a process' number: it has put bytes on the wire since the fork */
	_Atomic uint32_t ended;   /* the owner has half-closed, or is about to */
	_Atomic uint32_t reader;  /* it has taken bytes from there, and has not let go */
};

/* With one holder; NULL where there is no memory. */
struct fork_slot *fork_slots_new(void);

/* One holder less; without any the slot is free again. */
void fork_slots_let_go(struct fork_slot *slot);

/* Was anything ever shared? Can it be? */
bool fork_slots_any(void);
bool fork_slots_begin(void);

/* A number that no other process of this family has. */
uint32_t fork_slots_number(void);

#endif
