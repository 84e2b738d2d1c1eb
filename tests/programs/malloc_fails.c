/* SPDX-License-Identifier: MIT */
/*
 * Preloaded: of what libtlsbye.so (with MALLOC_FAILS_IN=tlsbye: the command of that name, and so the hub) asks malloc(), calloc() and realloc() for, the MALLOC_FAILS-th gets nothing, and so do all
 * after it where MALLOC_FAILS ends in +. Says at the end how often it was asked, and how often it gave nothing.
 *
 * Who asks is who returns to: an allocation that libc makes for the object is the program's, and one that is the last
 * statement of a function is its caller's (the object has none).
 */
#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IN_FRONT __attribute__((visibility("default")))

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static atomic_uintptr_t begin, end;
static atomic_uint asked, refused;
static unsigned first; /* 0: none */
static bool from_then_on;

/* The program itself has no name, and comes first. */
static int find(struct dl_phdr_info *object, size_t size, void *in)
{
	(void)size;
	if (in ? strcmp(program_invocation_short_name, in) != 0 : !strstr(object->dlpi_name, "/libtlsbye.so"))
		return in ? 1 : 0;
	for (int i = 0; i < object->dlpi_phnum; i++)
		if (object->dlpi_phdr[i].p_type == PT_LOAD && object->dlpi_phdr[i].p_flags & PF_X) {
			atomic_store(&end, object->dlpi_addr + object->dlpi_phdr[i].p_vaddr +
						   object->dlpi_phdr[i].p_memsz);
			atomic_store(&begin, object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
		}
	return 1;
}

__attribute__((constructor)) static void begins(void)
{
	const char *which = getenv("MALLOC_FAILS"); /* now: the hub keeps no environment */

	first = which ? (unsigned)atoi(which) : 0;
	from_then_on = which && strchr(which, '+');
	dl_iterate_phdr(find, getenv("MALLOC_FAILS_IN"));
}

static bool fails(const void *asks)
{
	uintptr_t at = (uintptr_t)asks;
	unsigned n;

	if (!atomic_load(&begin) || at < atomic_load(&begin) || at >= atomic_load(&end))
		return false;
	n = atomic_fetch_add(&asked, 1) + 1;
	if (!first || n < first || (n > first && !from_then_on))
		return false;
	atomic_fetch_add(&refused, 1);
	errno = ENOMEM;
	return true;
}

IN_FRONT void *malloc(size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

IN_FRONT void *calloc(size_t count, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

IN_FRONT void *realloc(void *old, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}

__attribute__((destructor)) static void ends(void)
{
	char line[64];
	int length = snprintf(line, sizeof(line), "malloc: asked=%u refused=%u\n", atomic_load(&asked),
			      atomic_load(&refused));

	if (write(STDERR_FILENO, line, (size_t)length) < 0)
		return;
}
