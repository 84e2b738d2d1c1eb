/* SPDX-License-Identifier: MIT */
/*
 * Puts the page's style and script into the command, so that the page needs nothing beside it. The assembler does it:
 * no generator, no file that is made. PAGE_FOLDER comes from Makefile.am, as does what makes this object anew when one of
 * them has changed. A style is one, in the order in which its parts stand here.
 */
#include "page.h"

#define INCLUDE(file) ".incbin \"" PAGE_FOLDER "/" file "\"\n"
#define EMBED(name, files)                                                                                   \
	__asm__(".pushsection .rodata." #name ",\"a\"\n"                                                     \
		".globl " #name "\n"                                                                         \
		".hidden " #name "\n"                                                                        \
		".type " #name ", %object\n" #name ":\n" files ".byte 0\n"                                   \
		".size " #name ", . - " #name "\n"                                                           \
		".popsection\n")

EMBED(page_css, INCLUDE("page.css") INCLUDE("groups.css") INCLUDE("tables.css") INCLUDE("drawings.css")
			INCLUDE("media.css"));
EMBED(page_js, INCLUDE("page.js"));
