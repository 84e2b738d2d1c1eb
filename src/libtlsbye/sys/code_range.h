/* SPDX-License-Identifier: MIT */
/*
 * Which loaded object does an address lie in, and from where to where is that mapped?
 *
 * Rules: code_range_of walks the loader's list (dl_iterate_phdr), which takes a lock of its own; the others of an answer that
 * was had are async-signal-safe.
 */
#ifndef TLSBYE_CODE_RANGE_H
#define TLSBYE_CODE_RANGE_H

#include "sys/export.h"

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

struct code_range {
	uintptr_t start, end; /* both 0: none */
};

struct code_range code_range_of(void *address);

static inline bool code_range_holds(const struct code_range *range, void *address)
{
	return (uintptr_t)address >= range->start && (uintptr_t)address < range->end;
}

/* Where our own object begins, with its ELF header, and ends: the linker's words for it. */
extern const ElfW(Ehdr) __ehdr_start INTERNAL;
extern const char _end[] INTERNAL;

static inline bool code_range_is_us(void *address)
{
	return (uintptr_t)address >= (uintptr_t)&__ehdr_start && (uintptr_t)address < (uintptr_t)_end;
}

/* Is the object that holds it called like one of OpenSSL's? */
bool code_range_is_named_openssl(void *address);

/* Does the address lie in the program itself, and in none of its libraries? */
bool code_range_is_main_program(void *address);

#endif
