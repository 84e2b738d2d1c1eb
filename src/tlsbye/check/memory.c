/* SPDX-License-Identifier: MIT */
/*
 * An array grows by doubling: its room is the power of two that holds its count, so nobody has to keep it.
 */
#include "memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cli.h"

static void *sure(void *memory)
{
	if (!memory) {
		cli_say("out of memory");
		exit(EXIT_MISUSE);
	}
	return memory;
}

void *memory_grow(void *array, size_t count, size_t size)
{
	if ((count & (count - 1)) == 0)
		array = sure(reallocarray(array, count ? count * 2 : 1, size));
	memset((char *)array + count * size, 0, size);
	return array;
}

char *memory_copy(const char *text)
{
	return sure(strdup(text));
}

char *memory_print(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return sure(text);
}
