/* SPDX-License-Identifier: MIT */
/*
 * The layout is glibc's (sysdeps/generic/dl-cache.h): an optional old part, then "glibc-ld.so.cache1.1", the number of
 * entries, and entries of 24 bytes whose strings are offsets from that magic. An entry with hwcap bits is for some
 * CPUs only and exports the same symbols, so the plain one is asked first.
 *
 * Rules: each offset is checked; a cache that lies finds nothing.
 */
#include "loader_cache.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

#define CACHE     "/etc/ld.so.cache"
#define MAGIC     "glibc-ld.so.cache1.1"
#define CACHE_MAX (16 << 20)

struct header {
	char magic[20];
	uint32_t entries, strings;
	uint8_t rest[20];
};

struct entry {
	int32_t flags;
	uint32_t name, file, system;
	uint64_t hwcap;
};

static char *cache; /* from its magic on, with a 0 behind it */
static size_t size;

static void read_cache(void)
{
	static bool tried;
	int fd = tried ? -1 : open(CACHE, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	tried = true;
	if (fd < 0)
		return;
	char *all = memory_grow(NULL, 0, CACHE_MAX + 1);

	for (size_t at = 0; (got = read(fd, all + at, CACHE_MAX - at)) > 0; at += (size_t)got)
		size = at + (size_t)got;
	close(fd);
	all[size] = '\0';
	cache = memmem(all, size, MAGIC, sizeof(MAGIC) - 1);
	size -= cache ? (size_t)(cache - all) : size;
}

static const char *find(const char *name, bool plain, loader_accepts *accepts, void *arg)
{
	struct header header;
	struct entry entry;

	if (size < sizeof(header))
		return NULL;
	memcpy(&header, cache, sizeof(header));
	for (uint32_t i = 0; i < header.entries; i++) {
		size_t at = sizeof(header) + i * sizeof(entry);

		if (at + sizeof(entry) > size)
			return NULL;
		memcpy(&entry, cache + at, sizeof(entry));
		if ((entry.hwcap == 0) == plain && entry.name < size && entry.file < size &&
		    strcmp(cache + entry.name, name) == 0 && accepts(cache + entry.file, arg))
			return cache + entry.file;
	}
	return NULL;
}

const char *loader_cache_find(const char *name, loader_accepts *accepts, void *arg)
{
	const char *found;

	read_cache();
	found = find(name, true, accepts, arg);
	return found ? found : find(name, false, accepts, arg);
}
