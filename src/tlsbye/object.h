/* SPDX-License-Identifier: MIT */
/*
 * The preloaded object as the command sees it: where it lies, and how it comes into LD_PRELOAD.
 */
#ifndef TLSBYE_OBJECT_H
#define TLSBYE_OBJECT_H

#include <limits.h>
#include <stdbool.h>

/* Its absolute path. False when it is nowhere, or where LD_PRELOAD cannot name it: that is said on stderr. */
bool object_find(char path[PATH_MAX]);

/* Put it behind what LD_PRELOAD holds, once. False when the environment has no room: that is said on stderr. */
bool object_preload(const char *path);

/* Its runtime need not be the first: that is the object, by LD_PRELOAD. Where it cannot be told, it says itself what it wants. */
void object_tell_asan(void);

#endif
