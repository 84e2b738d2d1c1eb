/* SPDX-License-Identifier: MIT */
/*
 * The environment of the next program: LD_PRELOAD without the object, where that program cannot take it (loadable.h), or
 * ASAN_OPTIONS with what ASan's runtime has to be told; or, under `tlsbye run`, with the object ahead of the others again. The
 * program's own array is never written to: what the exec gets is a copy in the stack frame of the hook, of bounded size, on a
 * handler's own stack of less.
 *
 * Rules: as those of loadable.h. In doubt the exec gets the program's array.
 */
#ifndef TLSBYE_PRELOAD_H
#define TLSBYE_PRELOAD_H

#include "release/runnable.h"

#include <alloca.h>

struct preload_change {
	char *const *variables; /* the program's */
	size_t size;            /* of the copy; 0: none is needed */
	size_t count;           /* of the program's entries */
	size_t list, option;    /* where LD_PRELOAD stands there, and ASAN_OPTIONS, or `count` */
	size_t from, to;        /* what is cut out of LD_PRELOAD; nothing where ASan is to be told */
	size_t place;           /* where the object is to stand: first, but for a sanitizer's runtime */
	bool moves;             /* to there, and is not cut out */
};

struct preload_change preload_look(enum exec_by by, const char *file, int fd, char *const environment[]);
char *const *preload_copy(const struct preload_change *change, void *room);

/* Not a function: the copy has to live as long as the caller's frame. */
#define PRELOAD_ENVIRONMENT(by, file, fd, environment)                                                       \
	({                                                                                                   \
		struct preload_change change_ = preload_look(by, file, fd, environment);                     \
		change_.size ? preload_copy(&change_, alloca(change_.size)) : change_.variables;             \
	})

#endif
