/* SPDX-License-Identifier: MIT */
/*
 * The part of elf_file that reads names of functions: what they say about TLS stands in one table there.
 */
#ifndef TLSBYE_CHECK_ELF_SYMBOLS_H
#define TLSBYE_CHECK_ELF_SYMBOLS_H

#include <gelf.h>

#include "elf_file.h"

/* A table of symbols, .dynsym or .symtab. */
void elf_symbols_read(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, struct elf_file *file);

/* The versions that it needs of its libraries' symbols. */
void elf_symbols_read_versions(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, struct elf_file *file);

#endif
