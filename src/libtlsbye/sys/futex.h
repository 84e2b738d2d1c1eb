/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a word of our own memory to change. Bounded waits; spurious wake-ups are the caller's to check.
 *
 * Rules: async-signal-safe; errno stays.
 */
#ifndef TLSBYE_FUTEX_H
#define TLSBYE_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>

void futex_wait(_Atomic uint32_t *word, uint32_t while_value, unsigned milliseconds);
void futex_wake(_Atomic uint32_t *word);

#endif
