/* SPDX-License-Identifier: MIT */
/*
 * Puts the page's style and script into the command, so that the page needs nothing beside it. The assembler does it:
 * no generator, no file that is made. PAGE_FOLDER comes from Makefile.am, as does what makes this object anew when one of
 * them has changed.
 */
#include "page.h"

/* clang-format off */
#define EMBED(name, file)                                                                      \
	__asm__(".pushsection .rodata." #name ",\"a\"\n"                                       \
		".globl " #name "\n"                                                           \
		".hidden " #name "\n"                                                          \
		".type " #name ", %object\n"                                                   \
		#name ":\n"                                                                    \
		".incbin \"" PAGE_FOLDER "/" file "\"\n"                                       \
		".byte 0\n"                                                                    \
		".size " #name ", . - " #name "\n"                                             \
		".popsection\n")
/* clang-format on */

EMBED(page_css, "page.css");
EMBED(page_js, "page.js");
