/* SPDX-License-Identifier: MIT */
/*
 * What the hooks need of the compiler: to be seen, to know who called, and to be short.
 */
#ifndef TLSBYE_EXPORT_H
#define TLSBYE_EXPORT_H

#define EXPORT __attribute__((visibility("default")))
#define CALLER __builtin_return_address(0)

/* For data that hot hooks read: without it a header's declaration goes through the global offset table. */
#define INTERNAL __attribute__((visibility("hidden")))

/* The rare half of a hot hook: kept out of it, so that the good case saves no registers for it. */
#define SLOWLY __attribute__((noinline, cold))

#endif
