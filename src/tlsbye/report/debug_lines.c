/* SPDX-License-Identifier: MIT */
/*
 * See debug_lines.h. Everything here may be wrong in a file that means harm; libdw looks after its own bounds, and what it
 * would open is asked about before (plain_file.h).
 */
#include "debug_lines.h"

#include <dwarf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "plain_file.h"

/* .debug_aranges is one way from an address to its unit; clang does not write it. */
Dwarf_Die *debug_lines_unit(Dwfl_Module *module, uint64_t address, Dwarf_Addr *bias)
{
	Dwarf_Die *unit = dwfl_module_addrdie(module, address, bias);

	if (unit)
		return unit;
	while ((unit = dwfl_module_nextcu(module, unit, bias)))
		if (dwarf_haspc(unit, address - *bias) == 1)
			return unit;
	return NULL;
}

const char *debug_lines_string(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;

	return dwarf_attr_integrate(die, name, &attribute) ? dwarf_formstring(&attribute) : NULL;
}

/* With -gsplit-dwarf the functions are in a file that libdw opens when it is asked for scopes. */
static bool split_file_refused(Dwarf_Die *unit)
{
	const char *directory = debug_lines_string(unit, DW_AT_comp_dir);
	const char *name = debug_lines_string(unit, DW_AT_dwo_name);
	char path[PATH_MAX];

	if (!name)
		name = debug_lines_string(unit, DW_AT_GNU_dwo_name);
	if (!name)
		return false;
	snprintf(path, sizeof(path), "%s%s%s", *name == '/' || !directory ? "" : directory,
		 *name == '/' || !directory ? "" : "/", name);
	return plain_file_refused(path);
}

static int number_of(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (dwarf_formudata(dwarf_attr(die, name, &attribute), &value) || value > INT_MAX)
		return 0;
	return (int)value;
}

/* The line that called an inlined function. */
static void read_call(Dwarf_Die *unit, Dwarf_Die *inlined, struct call_frame *frame)
{
	Dwarf_Files *files;
	size_t count;
	int file = number_of(inlined, DW_AT_call_file);

	frame->line = number_of(inlined, DW_AT_call_line);
	if (dwarf_getsrcfiles(unit, &files, &count) == 0 && (size_t)file < count)
		frame->file = dwarf_filesrc(files, (size_t)file, NULL, NULL);
}

/* With -gsplit-dwarf the unit is a skeleton: lines and addresses, while functions stand in the other file's. */
static Dwarf_Die whole_unit(Dwarf_Die *unit)
{
	Dwarf_Die split = {0};

	if (dwarf_cu_info(unit->cu, NULL, NULL, NULL, &split, NULL, NULL, NULL) == 0 && split.cu)
		return split;
	return *unit;
}

/*
 * The innermost scope, whose parents as the source has them are those that count: an inlined function's are not the
 * function that it was written in, but the one that it was inlined into.
 */
int debug_lines_scopes(Dwarf_Die *unit, Dwarf_Addr pc, Dwarf_Die **scopes)
{
	Dwarf_Die *around = NULL, inner, whole;
	int count;

	*scopes = NULL;
	if (split_file_refused(unit))
		return 0;
	whole = whole_unit(unit);
	count = dwarf_getscopes(&whole, pc, &around);
	if (count > 0) {
		inner = around[0];
		count = dwarf_getscopes_die(&inner, scopes);
	}
	free(around);
	return count;
}

/* frames[0] has its line already. */
static void read_functions(Dwarf_Die *unit, Dwarf_Addr pc, struct found *found)
{
	Dwarf_Die *scopes;
	int count = debug_lines_scopes(unit, pc, &scopes);

	for (int i = 0; i < count; i++) {
		struct call_frame *frame = &found->frames[found->count - 1];
		int tag = dwarf_tag(&scopes[i]);

		if (tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine)
			frame->function = debug_lines_string(&scopes[i], DW_AT_name);
		if (tag == DW_TAG_subprogram || found->count == INLINED_MOST)
			break;
		if (tag == DW_TAG_inlined_subroutine) {
			frame[1] = (struct call_frame){.directory = frame->directory};
			read_call(unit, &scopes[i], &frame[1]);
			found->count++;
		}
	}
	free(scopes);
}

void debug_lines_find(Dwfl_Module *module, uint64_t address, struct found *found)
{
	struct call_frame *frame = &found->frames[0];
	Dwarf_Addr bias;
	Dwarf_Die *unit = debug_lines_unit(module, address, &bias);
	Dwarf_Line *line = unit ? dwarf_getsrc_die(unit, address - bias) : NULL;

	if (!line)
		return;
	found->count = 1;
	*frame = (struct call_frame){.file = dwarf_linesrc(line, NULL, NULL),
				     .directory = debug_lines_string(unit, DW_AT_comp_dir)};
	dwarf_lineno(line, &frame->line);
	read_functions(unit, address - bias, found);
}
