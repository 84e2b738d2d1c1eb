/* SPDX-License-Identifier: MIT */
/*
 * See debug_tail_call.h. Compilers describe each call: where it returns to, whom it calls, whether it is a jump
 * (DW_TAG_call_site; before DWARF 5 DW_TAG_GNU_call_site). So: the call that returns to the address; if it is of another
 * function than the one that was called, that function's jumps, and those of whom it jumps to.
 *
 * Rules: bounded, whatever the DWARF says. One way to the call, or none is told: a line that may be wrong is worse than
 * the caller's, which is right as far as it goes.
 */
#include "debug_tail_call.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "debug_lines.h"

enum {
	DEPTH_MOST = 32,    /* of blocks in blocks */
	JUMPS_MOST = 4,     /* from one function to the next */
	STEPS_MOST = 100000 /* entries looked at in all */
};

struct search {
	Dwfl_Module *module;
	Dwarf_Addr bias;
	const char *call;
	Dwarf_Addr returns; /* the call that is sought first */
	Dwarf_Die called;   /* whom it calls */
	int steps;
	int ways; /* so many jumps to call were found, the last one here: */
	Dwarf_Addr found;
};

typedef void site_fn(struct search *search, Dwarf_Die *site, int jumps);

static bool attribute_address(Dwarf_Die *die, unsigned name, Dwarf_Addr *address)
{
	Dwarf_Attribute attribute;

	return dwarf_formaddr(dwarf_attr(die, name, &attribute), address) == 0;
}

/* gcc gives the address behind a jump as well as behind a call; clang that of the jump itself. */
static bool behind(Dwarf_Die *site, Dwarf_Addr *address)
{
	if (attribute_address(site, DW_AT_call_return_pc, address))
		return true;
	if (dwarf_tag(site) == DW_TAG_GNU_call_site)
		return attribute_address(site, DW_AT_low_pc, address);
	if (!attribute_address(site, DW_AT_call_pc, address))
		return false;
	++*address;
	return true;
}

static bool is_jump(Dwarf_Die *site)
{
	return dwarf_hasattr(site, DW_AT_call_tail_call) || dwarf_hasattr(site, DW_AT_GNU_tail_call);
}

/* Unknown where a pointer is called. */
static bool whom(Dwarf_Die *site, Dwarf_Die *called)
{
	Dwarf_Attribute attribute;

	return dwarf_formref_die(dwarf_attr(site, DW_AT_call_origin, &attribute), called) ||
	       dwarf_formref_die(dwarf_attr(site, DW_AT_abstract_origin, &attribute), called);
}

static void each_site(struct search *search, Dwarf_Die *parent, int depth, int jumps, site_fn *fn)
{
	Dwarf_Die die;

	if (depth > DEPTH_MOST || dwarf_child(parent, &die) != 0)
		return;
	do {
		int tag = dwarf_tag(&die);

		if (search->steps++ > STEPS_MOST)
			return;
		if (tag == DW_TAG_call_site || tag == DW_TAG_GNU_call_site)
			fn(search, &die, jumps);
		else if (tag == DW_TAG_lexical_block || tag == DW_TAG_inlined_subroutine)
			each_site(search, &die, depth + 1, jumps, fn);
	} while (dwarf_siblingof(&die, &die) == 0);
}

/* The function that is there, not what was inlined into it. */
static bool function_at(struct search *search, uint64_t address, Dwarf_Die *function)
{
	Dwarf_Die *unit = debug_lines_unit(search->module, address, &search->bias), *scopes;
	int count = unit ? debug_lines_scopes(unit, address - search->bias, &scopes) : 0;
	bool found = false;

	for (int i = 0; i < count && !found; i++) {
		found = dwarf_tag(&scopes[i]) == DW_TAG_subprogram;
		*function = scopes[i];
	}
	if (unit)
		free(scopes);
	return found;
}

/* In another unit there is only its name here: the symbol has the address. */
static bool address_of_symbol(Dwfl_Module *module, const char *name, uint64_t *address)
{
	int count = dwfl_module_getsymtab(module);
	GElf_Sym symbol;

	for (int i = 1; name && i < count; i++) {
		GElf_Addr value;
		const char *is = dwfl_module_getsym_info(module, i, &symbol, &value, NULL, NULL, NULL);

		if (is && GELF_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_shndx != SHN_UNDEF &&
		    strcmp(is, name) == 0) {
			*address = value;
			return true;
		}
	}
	return false;
}

static bool body_of(struct search *search, Dwarf_Die *called, Dwarf_Die *body)
{
	const char *name = debug_lines_string(called, DW_AT_linkage_name);
	Dwarf_Addr low;
	uint64_t address;

	if (dwarf_lowpc(called, &low) == 0) {
		*body = *called;
		return true;
	}
	return address_of_symbol(search->module, name ? name : debug_lines_string(called, DW_AT_name),
				 &address) &&
	       function_at(search, address, body);
}

static bool is_call(struct search *search, Dwarf_Die *called)
{
	const char *name = debug_lines_string(called, DW_AT_name);

	return name && strcmp(name, search->call) == 0;
}

static void look_at_jump(struct search *search, Dwarf_Die *site, int jumps)
{
	Dwarf_Die called, body;
	Dwarf_Addr address;

	if (!is_jump(site) || !whom(site, &called) || !behind(site, &address))
		return;
	if (is_call(search, &called)) {
		search->ways++;
		search->found = address + search->bias;
	} else if (jumps < JUMPS_MOST && body_of(search, &called, &body)) {
		each_site(search, &body, 0, jumps + 1, look_at_jump);
	}
}

static void look_for_call(struct search *search, Dwarf_Die *site, int jumps)
{
	Dwarf_Addr address;

	(void)jumps;
	if (behind(site, &address) && address == search->returns && !is_jump(site) &&
	    whom(site, &search->called))
		search->ways++;
}

uint64_t debug_tail_call(Dwfl_Module *module, uint64_t return_address, const char *call)
{
	struct search search = {.module = module, .call = call};
	Dwarf_Die caller, body;

	if (!function_at(&search, return_address - 1, &caller))
		return 0;
	search.returns = return_address - search.bias;
	each_site(&search, &caller, 0, 0, look_for_call);
	if (search.ways != 1 || is_call(&search, &search.called) || !body_of(&search, &search.called, &body))
		return 0;
	search.ways = 0;
	each_site(&search, &body, 0, 0, look_at_jump);
	return search.ways == 1 && search.steps <= STEPS_MOST ? search.found : 0;
}
