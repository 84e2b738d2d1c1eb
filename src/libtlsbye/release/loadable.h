/* SPDX-License-Identifier: MIT */
/*
 * What would the loader of the next program make of the object in LD_PRELOAD? That of another word size prints a line, musl's ends
 * the program over symbols which it has not got, ASan's runtime does so where it is not the first. So an exec looks at the program
 * as ld.so will: at its ELF header, its interpreter, the first library that it needs; of a script at the interpreter's.
 *
 * Rules: async-signal-safe, and fit for a vfork child: nothing is written but the stack, no call is a cancellation point, few
 * and small reads. In doubt the answer is LOADABLE_YES, and the exec passes through as it is.
 */
#ifndef TLSBYE_LOADABLE_H
#define TLSBYE_LOADABLE_H

#include "release/runnable.h"

enum loadable {
	LOADABLE_YES,
	LOADABLE_NO,
	LOADABLE_ASAN, /* its runtime has to be told that it need not come first */
};

/* `file` or `fd`, as `by` says. */
enum loadable loadable_look(enum exec_by by, const char *file, int fd);

/* Is there none where LD_PRELOAD has the object, or none that can be read (another root, another user)? */
bool loadable_is_out_of_reach(const char *object);

#endif
