/* SPDX-License-Identifier: MIT */
/*
 * Text from outside: logs, other people's files. What is no UTF-8, and what a terminal or a browser would act on instead
 * of showing it, does not get through.
 */
#ifndef TLSBYE_UTF8_H
#define TLSBYE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The length of the whole character that text (which a NUL ends) begins with, *code it is; 0 where there is none. */
int utf8_decode(const char *text, unsigned *code);

/* Not a control character, nor one that moves or breaks the text around it. */
bool utf8_harmless(unsigned code);

bool utf8_valid(const char *text);

/* Each byte of what is no UTF-8 or not harmless becomes a question mark. text[length] is NUL. */
void utf8_clean(char *text, size_t length);

#ifdef __cplusplus
}
#endif

#endif
