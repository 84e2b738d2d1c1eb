/* SPDX-License-Identifier: MIT */
/*
 * One hold in the hub, and the lists that it stands in: by its process and number (a message may speak of it), by age of
 * all, by age of its process. What is done with it is in holds.c.
 */
#ifndef TLSBYE_HELD_H
#define TLSBYE_HELD_H

#include "hub/holds.h"
#include "hub/stderr_files.h"

struct held {
	struct source source; /* the socket */
	struct timer timer;   /* look again */
	struct held *next_alike;
	struct held *older, *newer;         /* of all */
	struct held *older_own, *newer_own; /* of its process */
	struct process *process;
	struct stderr_file *stderr_file; /* NULL: the log file's */
	char *sites;
	uint64_t number;           /* in the order in which they came */
	uint64_t follows_until_us; /* 0: nothing follows */
	int fd;
	uint32_t watched; /* for these events; 0: not yet */
	bool told_half_close;
	struct hold hold;
};

/* Into all lists, as the newest, with the next number. False: no memory. */
bool held_list(struct held *held, uint64_t *next_number);
void held_unlist(struct held *held);

struct held *held_find(const struct process *process, uint64_t id);
struct held *held_of_timer(struct timer *timer);
struct held *held_oldest(void);
uint32_t held_count(void);

/* Who can best be spared (holds.h). There is at least one. */
struct held *held_to_spare(void);
struct held *held_to_spare_of(const struct process *process);

#endif
