/* SPDX-License-Identifier: MIT */
/*
 * What debug information has found, in words. Each of them is for free(); NULL: not known, or no memory.
 */
#ifndef TLSBYE_REPORT_SOURCE_TEXT_H
#define TLSBYE_REPORT_SOURCE_TEXT_H

#include "debug_info.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { NAME_MOST = 200 }; /* of a function: templates can fill pages */

void source_text_shorten(char *path);
char *source_text_file(const struct call_frame *frame);
char *source_text_function(const struct found *found, const struct call_frame *frame);
char *source_text_inlined(const struct found *found);

#ifdef __cplusplus
}
#endif

#endif
