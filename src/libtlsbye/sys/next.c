/* SPDX-License-Identifier: MIT */
/* See next.h. The tables are those of the gABI (chapter 5), the GNU hash and symbol versions of the LSB. */
#include "sys/next.h"

#include <elf.h>
#include <gnu/lib-names.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifndef LIBC_SO
#define LIBC_SO "libc.so.6"
#endif

/* The loader's, for debuggers. Weak: libc, which needs the loader, is all that this object needs. */
#pragma weak _r_debug

extern ElfW(Dyn) _DYNAMIC[] __attribute__((visibility("hidden"))); /* our own */

/* What of an object is looked at. NULL, where it has none. */
struct object {
	uintptr_t bias;
	const ElfW(Sym) * symbols;
	const char *strings;
	const ElfW(Half) * versions;
	const uint32_t *gnu_hash;
	const Elf_Symndx *hash;
	const char *name;
};

/* --- the chain --- */

static const struct link_map *first_after_ours(void)
{
	const struct link_map *object = &_r_debug ? _r_debug.r_map : NULL;
	while (object && object->l_ld != _DYNAMIC)
		object = object->l_next;
	return object ? object->l_next : NULL;
}

/* --- an object --- */

/* The loader adds the bias to what stands there, but where the section cannot be written. */
static const void *address(const struct object *object, const ElfW(Dyn) * entry)
{
	uintptr_t value = entry->d_un.d_ptr;
	return (const void *)(value < object->bias ? value + object->bias : value);
}

static struct object look_at(const struct link_map *map)
{
	struct object object = {.bias = map->l_addr};
	const ElfW(Dyn) *soname = NULL;
	for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
		if (entry->d_tag == DT_SYMTAB)
			object.symbols = address(&object, entry);
		else if (entry->d_tag == DT_STRTAB)
			object.strings = address(&object, entry);
		else if (entry->d_tag == DT_VERSYM)
			object.versions = address(&object, entry);
		else if (entry->d_tag == DT_GNU_HASH)
			object.gnu_hash = address(&object, entry);
		else if (entry->d_tag == DT_HASH)
			object.hash = address(&object, entry);
		else if (entry->d_tag == DT_SONAME)
			soname = entry;
	}
	if (soname && object.strings)
		object.name = object.strings + soname->d_un.d_val;
	return object;
}

/* The versions that are there for programs of old are hidden; so dlsym() does it. */
static bool is_default(const struct object *object, size_t i)
{
	return !object->versions || !(object->versions[i] & 0x8000);
}

static bool is_it(const struct object *object, size_t i, const char *name)
{
	const ElfW(Sym) *symbol = &object->symbols[i];
	unsigned char type = symbol->st_info & 0xf;
	return symbol->st_shndx != SHN_UNDEF && symbol->st_value &&
	       (type == STT_FUNC || type == STT_NOTYPE || type == STT_GNU_IFUNC) && is_default(object, i) &&
	       strcmp(object->strings + symbol->st_name, name) == 0;
}

/* --- its hash table --- */

static uint32_t gnu_hash_of(const char *name)
{
	uint32_t hash = 5381;
	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
}

/* The lowest bit of a chain's word ends the chain. A Bloom filter, of two bits a name, stands before. */
static const ElfW(Sym) * find_by_gnu_hash(const struct object *object, const char *name, uint32_t hash)
{
	enum { BITS = 8 * sizeof(ElfW(Addr)) };
	uint32_t buckets = object->gnu_hash[0], first = object->gnu_hash[1], words = object->gnu_hash[2],
		 shift = object->gnu_hash[3];
	const ElfW(Addr) *bloom = (const ElfW(Addr) *)(const void *)(object->gnu_hash + 4);
	const uint32_t *bucket = (const uint32_t *)(bloom + words), *chain = bucket + buckets;
	ElfW(Addr) word = bloom[(hash / BITS) & (words - 1)];
	if (!(word >> (hash % BITS) & word >> ((hash >> shift) % BITS) & 1))
		return NULL;
	for (uint32_t i = bucket[hash % buckets]; i >= first; i++) {
		uint32_t there = chain[i - first];
		if ((there | 1) == (hash | 1) && is_it(object, i, name))
			return &object->symbols[i];
		if (there & 1)
			break;
	}
	return NULL;
}

static uint32_t hash_of(const char *name)
{
	uint32_t hash = 0;
	for (; *name; name++) {
		hash = (hash << 4) + (unsigned char)*name;
		hash = (hash ^ (hash >> 24 & 0xf0)) & 0x0fffffff;
	}
	return hash;
}

static const ElfW(Sym) * find_by_hash(const struct object *object, const char *name)
{
	const Elf_Symndx *bucket = object->hash + 2, *chain = bucket + object->hash[0];
	if (!object->hash[0])
		return NULL;
	for (Elf_Symndx i = bucket[hash_of(name) % object->hash[0]]; i != STN_UNDEF; i = chain[i])
		if (is_it(object, i, name))
			return &object->symbols[i];
	return NULL;
}

/* --- the answer --- */

static bool can_be_asked(const struct object *object)
{
	return object->symbols && object->strings && (object->gnu_hash || object->hash);
}

static const ElfW(Sym) * find_in(const struct object *object, const char *name)
{
	return object->gnu_hash ? find_by_gnu_hash(object, name, gnu_hash_of(name))
				: find_by_hash(object, name);
}

static bool is_libc(const struct object *object)
{
	return object->name && strcmp(object->name, LIBC_SO) == 0;
}

/* An indirect function is the loader's to choose: it comes first all the same, and the search for it ends. */
static char indirect;

static void find_missing_in(const struct object *object, const char *name, unsigned count, void **found)
{
	for (unsigned i = 0; i < count; i++, name += strlen(name) + 1) {
		const ElfW(Sym) *symbol = found[i] ? NULL : find_in(object, name);
		if (symbol)
			found[i] = (symbol->st_info & 0xf) == STT_GNU_IFUNC
					   ? (void *)&indirect
					   : (void *)(object->bias + symbol->st_value);
	}
}

/* What comes after libc may have been opened later, and may go: it is not looked at. */
void next_find_all(const char *names, unsigned count, void **found)
{
	struct object object = {0};
	memset(found, 0, count * sizeof *found);
	for (const struct link_map *map = first_after_ours(); map && !is_libc(&object); map = map->l_next) {
		object = look_at(map);
		if (!can_be_asked(&object))
			break;
		find_missing_in(&object, names, count, found);
	}
	for (unsigned i = 0; i < count; i++)
		if (found[i] == &indirect)
			found[i] = NULL;
}

void *next_find(const char *name)
{
	void *found;
	next_find_all(name, 1, &found);
	return found;
}
