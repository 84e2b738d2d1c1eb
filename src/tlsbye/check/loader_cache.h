/* SPDX-License-Identifier: MIT */
/*
 * /etc/ld.so.cache as ldconfig(8) writes it: from a library's name to its files.
 */
#ifndef TLSBYE_CHECK_LOADER_CACHE_H
#define TLSBYE_CHECK_LOADER_CACHE_H

#include <stdbool.h>

/* Is this file the one? */
typedef bool loader_accepts(const char *path, void *arg);

/* The first file for this name that is accepted, or NULL; it stays valid. */
const char *loader_cache_find(const char *name, loader_accepts *accepts, void *arg);

#endif
