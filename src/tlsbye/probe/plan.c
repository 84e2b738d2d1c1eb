/* SPDX-License-Identifier: MIT */
/*
 * What all of probe needs beside the plan: see plan.h.
 */
#include "plan.h"

#include <stdarg.h>
#include <stdio.h>

volatile sig_atomic_t plan_stopped;

bool plan_trouble_is(struct trouble *trouble, const char *format, ...)
{
	va_list args;

	if (trouble->text[0] != '\0')
		return false;
	va_start(args, format);
	vsnprintf(trouble->text, sizeof(trouble->text), format, args);
	va_end(args);
	return false;
}
