/* SPDX-License-Identifier: MIT */
/*
 * Which function of a name comes after ours: what dlsym(RTLD_NEXT) says, without the loader's lock. A signal handler may have
 * interrupted the thread that holds it, and so may the thread of which a vfork child is; what a handler and such a child may
 * call for the first time (exec, exit, fork) is found here.
 *
 * How: the objects that the loader has mapped at the start stand in a chain, in the order in which symbols are looked up, and
 * are never taken out of it. So the chain is followed from our own object up to libc, and each one's symbols are asked
 * by its hash table.
 *
 * Rules: async-signal-safe; no lock, no memory, nothing written. NULL where there is none, or it cannot be told (no libc of
 * that name in the chain, a hash of another kind, an indirect function): then dlsym() is to be asked.
 */
#ifndef TLSBYE_NEXT_H
#define TLSBYE_NEXT_H

#include <stddef.h>

void *next_find(const char *name);

/* Many at once, which costs less: names of `count`, each with its NUL, one after the other. */
void next_find_all(const char *names, unsigned count, void **found);

#endif
