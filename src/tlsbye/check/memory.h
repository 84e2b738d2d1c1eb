/* SPDX-License-Identifier: MIT */
/*
 * Memory for `tlsbye check`: a process that reads a few files and ends. What it keeps, it keeps until then; without
 * memory it says so and ends with 2, because nothing could be told.
 */
#ifndef TLSBYE_CHECK_MEMORY_H
#define TLSBYE_CHECK_MEMORY_H

#include <stddef.h>

/* Room for one element more behind "count" of them; each element is "size" bytes, and the new one is zero. */
void *memory_grow(void *array, size_t count, size_t size);

char *memory_copy(const char *text);

char *memory_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
