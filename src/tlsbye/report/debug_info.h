/* SPDX-License-Identifier: MIT */
/*
 * One ELF file and its debug information, by elfutils' libdwfl: from an address in it to function, file and line.
 */
#ifndef TLSBYE_REPORT_DEBUG_INFO_H
#define TLSBYE_REPORT_DEBUG_INFO_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Where debug information of its own lies; the callbacks must live as long as what was opened with them. */
struct debug_search {
	char *path;                 /* as dwfl_standard_find_debuginfo() takes it */
	const char *directories[3]; /* those that have a .build-id below; ends with NULL */
	Dwfl_Callbacks callbacks;
};

struct debug_info;

/* The longest way of inlined calls that is told; what is further out is left away. */
enum { INLINED_MOST = 8 };

struct call_frame {
	const char *function; /* NULL: not known */
	const char *file;
	const char *directory; /* what a relative file is relative to; NULL: not known */
	int line;
};

struct found {
	/* [0] is the innermost; what follows are the functions that it was inlined into. */
	struct call_frame frames[INLINED_MOST];
	int count;          /* 0: no debug information for this address */
	const char *symbol; /* around the address; NULL: none */
	uint64_t offset;    /* in it */
};

/* directory: one more place for separate debug files, or NULL. */
bool debug_search_begin(struct debug_search *search, const char *directory);
void debug_search_end(struct debug_search *search);

/*
 * build_id is what ran, or NULL where that is not known. NULL, and why in words, when there is no file, when it is no ELF
 * file, or when it is another build: its lines would be wrong.
 */
struct debug_info *debug_info_open(struct debug_search *search, const char *path, const char *build_id,
				   const char **why);
void debug_info_close(struct debug_info *info);

/* False when the address is not in this object. The strings live as long as info. */
bool debug_info_find(struct debug_info *info, uint64_t address, struct found *found);

/* The last modification of the file. */
time_t debug_info_time(const struct debug_info *info);

#endif
