/* SPDX-License-Identifier: MIT */
/*
 * See json_string.h. What is valid goes through as it is; only the rest is copied.
 */
#include "json_string.h"

#include <stdlib.h>
#include <string.h>

#include "utf8.h"

void json_string_write(yajl_gen gen, const char *text)
{
	size_t length = strlen(text);
	char *copy = utf8_valid(text) ? NULL : strdup(text);

	if (copy)
		utf8_clean(copy, length);
	else if (!utf8_valid(text))
		text = "no memory";
	yajl_gen_string(gen, (const unsigned char *)(copy ? copy : text), copy ? length : strlen(text));
	free(copy);
}
