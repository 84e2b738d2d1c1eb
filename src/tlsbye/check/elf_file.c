/* SPDX-License-Identifier: MIT */
/*
 * Sections, not segments, lead to the names: libelf checks each index and each string against them. Where a file
 * has no section headers (sstrip) its symbols stay unknown, and `has_symbols` says so.
 *
 * Rules: libelf reads piece by piece (no ELF_C_READ_MMAP): a file that somebody cuts meanwhile must not be a SIGBUS.
 */
#include "elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf_symbols.h"
#include "memory.h"

enum { LOADER_MAX = 4096, SEGMENTS_MAX = 1024, NEEDED_MAX = 1024 };

const char *elf_file_machine_name(int machine)
{
	static char other[32];

	switch (machine) {
	case EM_X86_64:
		return "x86-64";
	case EM_386:
		return "x86";
	case EM_AARCH64:
		return "AArch64";
	case EM_ARM:
		return "ARM";
	case EM_RISCV:
		return "RISC-V";
	case EM_PPC64:
		return "PowerPC 64";
	case EM_S390:
		return "S/390";
	case EM_MIPS:
		return "MIPS";
	default:
		snprintf(other, sizeof(other), "machine %d", machine);
		return other;
	}
}

static void read_loader(Elf *elf, const GElf_Phdr *segment, struct elf_file *file)
{
	Elf_Data *data;

	if (segment->p_filesz == 0 || segment->p_filesz > LOADER_MAX)
		return;
	data = elf_getdata_rawchunk(elf, (int64_t)segment->p_offset, segment->p_filesz, ELF_T_BYTE);
	if (data && data->d_buf && memchr(data->d_buf, '\0', data->d_size))
		file->loader = memory_copy(data->d_buf);
}

static void read_segments(Elf *elf, size_t count, struct elf_file *file)
{
	GElf_Phdr segment;

	for (size_t i = 0; i < count && i < SEGMENTS_MAX; i++) {
		if (!gelf_getphdr(elf, (int)i, &segment))
			continue;
		if (segment.p_type == PT_INTERP && !file->loader)
			read_loader(elf, &segment, file);
		if (segment.p_type == PT_DYNAMIC)
			file->dynamic = true;
		if (segment.p_type != PT_LOAD || segment.p_filesz == 0)
			continue;
		file->segments = memory_grow(file->segments, file->segment_count, sizeof(*file->segments));
		file->segments[file->segment_count++] =
			(struct elf_segment){segment.p_offset, segment.p_filesz};
	}
}

static void keep(char **where, const char *text)
{
	if (text && !*where)
		*where = memory_copy(text);
}

static void read_entry(const GElf_Dyn *entry, const char *text, struct elf_file *file)
{
	switch (entry->d_tag) {
	case DT_NEEDED:
		if (!text || file->needed_count >= NEEDED_MAX)
			return;
		file->needed = memory_grow(file->needed, file->needed_count, sizeof(*file->needed));
		file->needed[file->needed_count++] = memory_copy(text);
		return;
	case DT_SONAME:
		keep(&file->soname, text);
		return;
	case DT_RPATH:
		keep(&file->rpath, text);
		return;
	case DT_RUNPATH:
		keep(&file->runpath, text);
		return;
	case DT_SYMBOLIC:
		file->symbolic = true;
		return;
	case DT_FLAGS:
		file->symbolic |= (entry->d_un.d_val & DF_SYMBOLIC) != 0;
		return;
	case DT_FLAGS_1:
		file->no_default_path = (entry->d_un.d_val & DF_1_NODEFLIB) != 0;
		file->pie = (entry->d_un.d_val & DF_1_PIE) != 0;
		return;
	default:
		return;
	}
}

static void read_dynamic(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, struct elf_file *file)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Dyn entry;

	for (int i = 0; data && gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++)
		read_entry(&entry, elf_strptr(elf, header->sh_link, entry.d_un.d_val), file);
}

/*
 * "\xff Go buildinf:", the size of a pointer, flags; with flag 2 the version follows at 32, its length in front of it
 * (debug/buildinfo of Go). Before Go 1.18 there are pointers instead: then only that it is Go is known.
 */
static void read_go(Elf_Scn *section, struct elf_file *file)
{
	static const char magic[] = "\xff Go buildinf:";
	Elf_Data *data = elf_rawdata(section, NULL);
	const unsigned char *info = data ? data->d_buf : NULL;

	if (!info || data->d_size < 33 || memcmp(info, magic, sizeof(magic) - 1) != 0)
		return;
	file->go_version = memory_copy("");
	if ((info[15] & 2) && info[32] < 128 && info[32] <= data->d_size - 33)
		file->go_version = memory_print("%.*s", (int)info[32], (const char *)info + 33);
}

static void read_comment(Elf_Scn *section, struct elf_file *file)
{
	Elf_Data *data = elf_rawdata(section, NULL);

	if (data && data->d_buf && memmem(data->d_buf, data->d_size, "rustc", 5))
		file->is_rust = true;
}

static void read_sections(Elf *elf, struct elf_file *file)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		names = 0;
	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &header))
			continue;
		const char *name = elf_strptr(elf, names, header.sh_name);

		if (header.sh_type == SHT_DYNAMIC)
			read_dynamic(elf, section, &header, file);
		else if (header.sh_type == SHT_DYNSYM || header.sh_type == SHT_SYMTAB)
			elf_symbols_read(elf, section, &header, file);
		else if (header.sh_type == SHT_GNU_verneed)
			elf_symbols_read_versions(elf, section, &header, file);
		else if (name && header.sh_type == SHT_PROGBITS && strcmp(name, ".go.buildinfo") == 0)
			read_go(section, file);
		else if (name && header.sh_type == SHT_PROGBITS && strcmp(name, ".comment") == 0)
			read_comment(section, file);
	}
}

/* Is what the header promises in the file at all? A file that was cut is not to be judged by its beginning. */
static bool whole(const GElf_Ehdr *header, size_t segments, const struct elf_file *file, uint64_t size)
{
	if (header->e_phoff > size || segments == 0 ||
	    (header->e_shoff && (header->e_shoff > size ||
				 header->e_shnum * (uint64_t)header->e_shentsize > size - header->e_shoff)))
		return false;
	for (size_t i = 0; i < file->segment_count; i++)
		if (file->segments[i].offset > size ||
		    file->segments[i].size > size - file->segments[i].offset)
			return false;
	return file->segment_count > 0;
}

static void read_elf(Elf *elf, uint64_t size, struct elf_file *file)
{
	GElf_Ehdr header;
	size_t segments;

	file->state = ELF_DAMAGED;
	if (!gelf_getehdr(elf, &header) || elf_getphdrnum(elf, &segments))
		return;
	file->class = header.e_ident[EI_CLASS];
	file->machine = header.e_machine;
	file->type = header.e_type;
	if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
		return;
	read_segments(elf, segments, file);
	if (!whole(&header, segments, file, size))
		return;
	file->state = ELF_READ;
	read_sections(elf, file);
}

/* O_NONBLOCK: a FIFO that took the file's place would wait for its other end. */
void elf_file_read(const char *path, struct elf_file *file)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char magic[SELFMAG];
	Elf *elf;

	*file = (struct elf_file){.state = ELF_UNREADABLE, .error = errno};
	if (fd < 0)
		return;
	file->error = EINVAL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		file->state = ELF_OTHER;
		if (pread(fd, magic, SELFMAG, 0) == SELFMAG && memcmp(magic, ELFMAG, SELFMAG) == 0) {
			elf_version(EV_CURRENT);
			file->state = ELF_DAMAGED;
			elf = elf_begin(fd, ELF_C_READ, NULL);
			if (elf && elf_kind(elf) == ELF_K_ELF)
				read_elf(elf, (uint64_t)st.st_size, file);
			elf_end(elf);
		}
	}
	close(fd);
}
