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

#include "debug_lines.h"

/* Where debug information of its own lies; the callbacks must live as long as what was opened with them. */
struct debug_search {
	char *path;                 /* as dwfl_standard_find_debuginfo() takes it */
	const char *directories[3]; /* those that have a .build-id below; ends with NULL */
	Dwfl_Callbacks callbacks;
};

struct debug_info;

/* directory: one more place for separate debug files, or NULL. */
bool debug_info_search_begin(struct debug_search *search, const char *directory);
void debug_info_search_end(struct debug_search *search);

/*
 * build_id is what ran, or NULL where that is not known. NULL, and why in words, when there is no file, when it is no ELF
 * file, or when it is another build: its lines would be wrong.
 */
struct debug_info *debug_info_open(struct debug_search *search, const char *path, const char *build_id,
				   const char **why);
void debug_info_close(struct debug_info *info);

/* False when the address is not in this object. The strings live as long as info. */
bool debug_info_find(struct debug_info *info, uint64_t address, struct found *found);

/*
 * Where the call of this function really stands, as a return address; 0: where the return address says. A function that ends
 * by calling another jumps there, and the return address is that of its own caller.
 */
uint64_t debug_info_tail_call(struct debug_info *info, uint64_t return_address, const char *call);

/* The last modification of the file. */
time_t debug_info_time(const struct debug_info *info);

#endif
