/* SPDX-License-Identifier: MIT */
/*
 * The time by which the judge waits and measures: never set back, in milliseconds.
 */
#ifndef TLSBYE_JUDGE_CLOCK_H
#define TLSBYE_JUDGE_CLOCK_H

#include <stdint.h>

int64_t clock_now_ms(void);

#endif
