/* SPDX-License-Identifier: MIT */
/*
 * Does the program say BIO_f_ssl, or a function that makes one? Then it reads and writes by BIO_read and BIO_write, which
 * no hook counts.
 */
#ifndef TLSBYE_HIDDEN_CALLS_H
#define TLSBYE_HIDDEN_CALLS_H

#include "sys/export.h"

#include <stdatomic.h>
#include <stdbool.h>

extern _Atomic bool hidden_calls_seen INTERNAL;

static inline void hidden_calls_note(void)
{
	if (!atomic_load_explicit(&hidden_calls_seen, memory_order_relaxed))
		atomic_store(&hidden_calls_seen, true);
}

static inline bool hidden_calls_any(void)
{
	return atomic_load(&hidden_calls_seen);
}

#endif
