/* SPDX-License-Identifier: MIT */
/*
 * What has to be known of every connection of a log, in 16 bytes: did it begin, did it end?
 *
 * Rules: a key is a hash of 64 bits, and nobody compares names. Of millions of connections at a time those that are
 * complete are forgotten; only where millions are open together the table is full, and says so.
 */
#ifndef TLSBYE_REPORT_SEEN_H
#define TLSBYE_REPORT_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum seen_mark {
	SEEN_READ_FAILED = 1, /* counted; until the end */
	SEEN_ABANDONED = 2,
	SEEN_HIDDEN = 4,
	SEEN_NO_SOCKET = 8, /* an event of it knew none */
};

struct seen {
	uint64_t key; /* 0: a free place */
	union {
		struct {
			uint16_t starts, ends; /* of a connection */
		};
		uint32_t out_of_reach; /* of a process: how many connections were */
	};
	uint8_t marks;
};

struct seen_table {
	struct seen *places;
	size_t size, used;
	bool full; /* for good: only what is in it is known */
};

uint64_t seen_key(const char *program, const char *id);
uint64_t seen_process_key(const char *program, int64_t pid);

/* Its place, a new one where there was none; until the next call. NULL when there is no room. *is_new may be NULL. */
struct seen *seen_get(struct seen_table *table, uint64_t key, bool *is_new);

void seen_free(struct seen_table *table);

#endif
