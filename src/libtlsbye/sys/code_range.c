/* SPDX-License-Identifier: MIT */
/* See code_range.h. */
#include "sys/code_range.h"

#include <link.h>
#include <string.h>
#include <sys/auxv.h>

/* The object that holds an address: its mapped range, and whether it is called like one of OpenSSL's. */
struct object_search {
	uintptr_t address;
	struct code_range range;
	bool named_openssl;
};

/* The program itself has no name here. */
static bool is_name_of_openssl(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	return strstr(name, "crypto") || strstr(name, "ssl");
}

static int object_holds(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct object_search *search = arg;
	(void)size;
	struct code_range range = {UINTPTR_MAX, 0};
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		if (segment->p_type != PT_LOAD)
			continue;
		uintptr_t start = info->dlpi_addr + segment->p_vaddr;
		range.start = start < range.start ? start : range.start;
		range.end = start + segment->p_memsz > range.end ? start + segment->p_memsz : range.end;
	}
	if (search->address < range.start || search->address >= range.end)
		return 0;
	search->range = range;
	search->named_openssl = is_name_of_openssl(info->dlpi_name);
	return 1;
}

static struct object_search object_of(void *address)
{
	struct object_search search = {.address = (uintptr_t)address};
	dl_iterate_phdr(object_holds, &search);
	return search;
}

struct code_range code_range_of(void *address)
{
	return object_of(address).range;
}

bool code_range_is_named_openssl(void *address)
{
	return object_of(address).named_openssl;
}

bool code_range_is_main_program(void *address)
{
	static struct code_range program;
	if (!program.end)
		program = code_range_of((void *)getauxval(AT_ENTRY));
	return code_range_holds(&program, address);
}
