/* SPDX-License-Identifier: MIT */
/*
 * USDT probes, at the points at which events are told, whatever TLSBYE_LOG_LEVEL says: for bpftrace, perf and gdb, as
 * docs/tracing.md has it. Untraced, a probe is one nop, and its arguments stay where they are; a note in the object tells
 * where it stands. Without sys/sdt.h (systemtap-sdt-dev) there are none.
 *
 * drain and end, of a connection that was handed over, stand in hold.c, and so in the hub's executable as well.
 *
 * Of each the first two arguments are the connection's number, which stands in its events' id, and its descriptor.
 */
#ifndef TLSBYE_PROBES_H
#define TLSBYE_PROBES_H

#include "config.h"

#ifdef HAVE_SYS_SDT_H
#define SDT_USE_VARIADIC
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
