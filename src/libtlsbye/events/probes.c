/* SPDX-License-Identifier: MIT */
/*
 * The probes' semaphores: whoever traces counts himself in there (gdb, bpftrace, perf; the kernel does it for the latter two), so
 * that nothing is made up for a probe that nobody looks at. sys/sdt.h wants them by these names and in this section.
 */
#include "events/probes.h"

#define SEMAPHORE(name)                                                                                      \
	__attribute__((section(".probes"), used)) volatile unsigned short tlsbye_##name##_semaphore;

PROBES(SEMAPHORE)
