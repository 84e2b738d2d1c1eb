/* SPDX-License-Identifier: MIT */
/*
 * USDT probes, at the points at which events are told, whatever TLSBYE_LOG_LEVEL says: for bpftrace, perf and gdb, as
 * docs/tracing.md has it. A probe is one nop; a note in the object tells where it stands. Without sys/sdt.h
 * (systemtap-sdt-dev) there are none.
 *
 * What a probe tells may cost more than the probe: PROBE_IS_TRACED says whether it is looked at. drain and end, of a
 * connection that was handed over, stand in hold.c, and so in the hub's executable as well: they have no semaphore.
 *
 * Of each the first two arguments are the connection's number, which stands in its events' id, and its descriptor.
 */
#ifndef TLSBYE_PROBES_H
#define TLSBYE_PROBES_H

#include "config.h"
#include "sys/export.h"

#include <stdint.h>

/* Those of the object, with a semaphore each (probes.c). */
#define PROBES(X) X(tracked) X(handshake) X(notify) X(half_close) X(read_failed) X(write_incomplete) X(end)

#define PROBES_SEMAPHORE(name) extern volatile unsigned short tlsbye_##name##_semaphore INTERNAL;
PROBES(PROBES_SEMAPHORE)

#define PROBE_IS_TRACED(name) __builtin_expect(tlsbye_##name##_semaphore != 0, 0)

#ifdef HAVE_SYS_SDT_H
#define SDT_USE_VARIADIC
#ifdef PROBES_HAVE_SEMAPHORES
#define _SDT_HAS_SEMAPHORES 1
#endif
#include <sys/sdt.h>
#define PROBE(name, ...) STAP_PROBEV(tlsbye, name, __VA_ARGS__)
#else
static inline void probe_nothing(uint32_t number, int fd, ...)
{
	(void)number, (void)fd;
}
#define PROBE(name, ...) probe_nothing(__VA_ARGS__)
#endif

#endif
