/* SPDX-License-Identifier: MIT */
/* See futex.h. */
#include "sys/futex.h"

#include "sys/kernel.h"

#include <linux/futex.h>
#include <sys/syscall.h>

/* As SYS_futex has it on each machine, whatever the headers' struct is built for. */
struct old_timespec {
	long seconds, nanoseconds;
};

void futex_wait(_Atomic uint32_t *word, uint32_t while_value, unsigned milliseconds)
{
	struct old_timespec limit = {.seconds = milliseconds / 1000,
				     .nanoseconds = (milliseconds % 1000) * 1000000L};
	kernel_call(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, (long)while_value, (long)&limit, 0, 0);
}

void futex_wake(_Atomic uint32_t *word)
{
	kernel_call(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, INT32_MAX, 0, 0, 0);
}
