/* SPDX-License-Identifier: MIT */
/*
 * See debug_info.h. A session of libdwfl for each file, which is placed at its own addresses: then the offsets of the log
 * are addresses of the session, for PIE and not.
 *
 * Rules: the file may be anybody's. What is opened goes through plain_file.h, and where elfutils opens a file itself (the
 * names stand in .gnu_debuglink, .gnu_debugaltlink and DW_AT_dwo_name) plain_file_refused() is asked first. debuginfod is
 * never asked: a report makes no connection.
 */
#include "debug_info.h"

#include <elfutils/libdwelf.h>
#include <gelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debug_tail_call.h"
#include "plain_file.h"

#define DEBUG_DIRECTORY "/usr/lib/debug"

struct debug_info {
	Dwfl *dwfl;
	Dwfl_Module *module;
	time_t modified;
	bool has_dwarf;
};

/* --- where to look for separate debug files --- */

/* FILE's directory, a middle part, and the name: what dwfl_standard_find_debuginfo() will open. */
static bool neighbour_refused(const char *file, const char *between, const char *name)
{
	const char *slash = strrchr(file, '/');
	char path[PATH_MAX];

	if (*name == '/')
		return plain_file_refused(name);
	snprintf(path, sizeof(path), "%.*s/%s%s", slash ? (int)(slash - file) : 1, slash ? file : ".",
		 between, name);
	return plain_file_refused(path);
}

static bool names_refused(const char *file, const char *name)
{
	return neighbour_refused(file, "", name) || neighbour_refused(file, ".debug/", name);
}

static int find_debug_file(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
			   const char *file, const char *link, GElf_Word crc, char **found)
{
	const char *main_file = file;

	if (!main_file)
		dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, &main_file, NULL);
	if (main_file && link && names_refused(main_file, link))
		return -1;
	return dwfl_standard_find_debuginfo(module, userdata, name, base, file, link, crc, found);
}

/* Never called: each module is reported with its file. */
static int find_no_elf(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base, char **file,
		       Elf **elf)
{
	(void)module, (void)userdata, (void)name, (void)base, (void)file, (void)elf;
	return -1;
}

bool debug_info_search_begin(struct debug_search *search, const char *directory)
{
	/* dwfl_standard_find_debuginfo() asks the servers that this names. */
	unsetenv("DEBUGINFOD_URLS");
	if (asprintf(&search->path, ":.debug:" DEBUG_DIRECTORY "%s%s", directory ? ":" : "",
		     directory ? directory : "") < 0)
		return false;
	search->directories[0] = DEBUG_DIRECTORY;
	search->directories[1] =
		directory ? strstr(search->path, DEBUG_DIRECTORY) + strlen(DEBUG_DIRECTORY ":") : NULL;
	search->directories[2] = NULL;
	search->callbacks = (Dwfl_Callbacks){.find_elf = find_no_elf,
					     .find_debuginfo = find_debug_file,
					     .section_address = dwfl_offline_section_address,
					     .debuginfo_path = &search->path};
	return true;
}

void debug_info_search_end(struct debug_search *search)
{
	free(search->path);
}

/* --- the file, if it is the one that ran --- */

static bool same_build(Elf *elf, const char *build_id)
{
	const void *bits = NULL;
	ssize_t size = dwelf_elf_gnu_build_id(elf, &bits);

	if (size <= 0 || strlen(build_id) != (size_t)size * 2)
		return false;
	for (ssize_t i = 0; i < size; i++) {
		char hex[3];

		snprintf(hex, sizeof(hex), "%02x", ((const unsigned char *)bits)[i]);
		if (memcmp(hex, build_id + 2 * i, 2) != 0)
			return false;
	}
	return true;
}

/* NULL, or why this is not the file whose addresses the log has. */
static const char *wrong_file(int fd, const char *build_id)
{
	GElf_Ehdr header;
	const char *why = NULL;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header) ||
	    (header.e_type != ET_DYN && header.e_type != ET_EXEC))
		why = "the file is no program and no library, or is damaged";
	else if (build_id && !same_build(elf, build_id))
		why = "the file is another build than the one that ran";
	elf_end(elf);
	return why;
}

/* The lower-case hex digits that become part of a path. */
static bool plausible_build_id(const char *build_id)
{
	size_t length = strlen(build_id);

	return length >= 4 && length <= 128 && length % 2 == 0 &&
	       strspn(build_id, "0123456789abcdef") == length;
}

static int open_checked(const char *path, const char *build_id, struct stat *st, const char **why)
{
	int fd = plain_file_open(path, st, why);

	if (fd < 0)
		return -1;
	*why = wrong_file(fd, build_id);
	if (*why) {
		close(fd);
		return -1;
	}
	return fd;
}

/*
 * The build that ran is not at its place any more. Its debug file may still be there (it is named by the build-id), and
 * that is enough.
 */
static int open_by_build_id(struct debug_search *search, const char *build_id, char path[PATH_MAX],
			    struct stat *st)
{
	static const char *const endings[] = {".debug", ""};
	const char *why;

	for (const char *const *directory = search->directories; *directory; directory++)
		for (size_t i = 0; i < 2; i++) {
			int fd;

			snprintf(path, PATH_MAX, "%s/.build-id/%.2s/%s%s", *directory, build_id, build_id + 2,
				 endings[i]);
			fd = open_checked(path, build_id, st, &why);
			if (fd >= 0)
				return fd;
		}
	return -1;
}

static bool report_module(struct debug_info *info, const char *path, int fd)
{
	dwfl_report_begin(info->dwfl);
	info->module = dwfl_report_elf(info->dwfl, path, path, fd, 0, true); /* which takes fd, or does not */
	if (!info->module)
		close(fd);
	return dwfl_report_end(info->dwfl, NULL, NULL) == 0 && info->module;
}

/* libdw opens the file of .gnu_debugaltlink by itself when a name is sought there. */
static bool dwarf_is_safe(Dwarf *dwarf, Dwfl_Module *module)
{
	const char *name = NULL, *main_file = NULL, *debug_file = NULL;
	const void *build_id;

	if (dwelf_dwarf_gnu_debugaltlink(dwarf, &name, &build_id) <= 0 || !name)
		return true;
	dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, &main_file, &debug_file);
	return !(main_file && neighbour_refused(main_file, "", name)) &&
	       !(debug_file && neighbour_refused(debug_file, "", name));
}

struct debug_info *debug_info_open(struct debug_search *search, const char *path, const char *build_id,
				   const char **why)
{
	char by_id[PATH_MAX];
	struct stat st;
	Dwarf_Addr bias;
	Dwarf *dwarf;
	struct debug_info *info;
	int fd = open_checked(path, build_id, &st, why);

	if (fd < 0 && build_id && plausible_build_id(build_id)) {
		fd = open_by_build_id(search, build_id, by_id, &st);
		path = by_id;
	}
	if (fd < 0)
		return NULL;
	*why = "its debug information cannot be read";
	info = calloc(1, sizeof(*info));
	if (info)
		info->dwfl = dwfl_begin(&search->callbacks);
	if (!info || !info->dwfl) {
		close(fd);
		free(info);
		return NULL;
	}
	if (!report_module(info, path, fd)) {
		debug_info_close(info);
		return NULL;
	}
	info->modified = st.st_mtime;
	dwarf = dwfl_module_getdwarf(info->module, &bias);
	info->has_dwarf = dwarf && dwarf_is_safe(dwarf, info->module);
	return info;
}

void debug_info_close(struct debug_info *info)
{
	dwfl_end(info->dwfl);
	free(info);
}

time_t debug_info_time(const struct debug_info *info)
{
	return info->modified;
}

/* --- addresses --- */

bool debug_info_find(struct debug_info *info, uint64_t address, struct found *found)
{
	GElf_Off offset;
	GElf_Sym symbol;

	*found = (struct found){0};
	if (dwfl_addrmodule(info->dwfl, address) != info->module)
		return false;
	if (info->has_dwarf)
		debug_lines_find(info->module, address, found);
	found->symbol = dwfl_module_addrinfo(info->module, address, &offset, &symbol, NULL, NULL, NULL);
	/* Without a size the nearest one is a guess: what is stripped has no other in front of it. */
	if (found->symbol && offset >= symbol.st_size)
		found->symbol = NULL;
	found->offset = offset;
	return true;
}

uint64_t debug_info_tail_call(struct debug_info *info, uint64_t return_address, const char *call)
{
	return info->has_dwarf ? debug_tail_call(info->module, return_address, call) : 0;
}
