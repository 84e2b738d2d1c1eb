/* SPDX-License-Identifier: MIT */
/*
 * From an address to functions and lines, in the DWARF of one module.
 */
#ifndef TLSBYE_REPORT_DEBUG_LINES_H
#define TLSBYE_REPORT_DEBUG_LINES_H

#include <elfutils/libdwfl.h>
#include <stdint.h>

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

/* Fills in the frames, where there are lines for this address. */
void debug_lines_find(Dwfl_Module *module, uint64_t address, struct found *found);

/* For those who look further in the same DWARF: */

/* The unit of this address, or NULL. */
Dwarf_Die *debug_lines_unit(Dwfl_Module *module, uint64_t address, Dwarf_Addr *bias);

/* What pc is in, the innermost first: blocks, inlined functions, the function. To be freed; 0 or less: nothing. */
int debug_lines_scopes(Dwarf_Die *unit, Dwarf_Addr pc, Dwarf_Die **scopes);

/* NULL where it has no such string. */
const char *debug_lines_string(Dwarf_Die *die, unsigned name);

#endif
