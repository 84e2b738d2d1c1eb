/* SPDX-License-Identifier: MIT */
/* Any text as a string of JSON. */
#ifndef TLSBYE_JSON_STRING_H
#define TLSBYE_JSON_STRING_H

#include <yajl/yajl_gen.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The name of a file may be any bytes, JSON is UTF-8: those that are none become question marks. */
void json_string_write(yajl_gen gen, const char *text);

#ifdef __cplusplus
}
#endif

#endif
