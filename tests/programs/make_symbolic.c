/* SPDX-License-Identifier: MIT */
/*
 * make_symbolic FILE: makes a shared library one that is linked -Bsymbolic, in place: its calls to itself pass by whatever
 * is preloaded. Upstream's OpenSSL and Debian sid's are linked like that; here a copy of Debian 12's becomes one.
 */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

static ElfW(Dyn) * dynamic_section(char *file)
{
	ElfW(Ehdr) *header = (ElfW(Ehdr) *)file;
	ElfW(Phdr) *segment = (ElfW(Phdr) *)(file + header->e_phoff);

	for (int i = 0; i < header->e_phnum; i++)
		if (segment[i].p_type == PT_DYNAMIC)
			return (ElfW(Dyn) *)(file + segment[i].p_offset);
	return NULL;
}

/* The loader heeds the flag as it heeds DT_SYMBOLIC, and Debian's libraries have the entry. */
static bool mark(ElfW(Dyn) * entry)
{
	for (; entry && entry->d_tag != DT_NULL; entry++) {
		if (entry->d_tag == DT_FLAGS) {
			entry->d_un.d_val |= DF_SYMBOLIC;
			return true;
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? open(argv[1], O_RDWR) : -1;
	struct stat status;
	char *file;

	if (fd < 0 || fstat(fd, &status) != 0) {
		perror(argc == 2 ? argv[1] : "usage: make_symbolic FILE");
		return 2;
	}
	file = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (file == MAP_FAILED || !mark(dynamic_section(file))) {
		fprintf(stderr, "%s: no DT_FLAGS\n", argv[1]);
		return 1;
	}
	return 0;
}
