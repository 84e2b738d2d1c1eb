/* SPDX-License-Identifier: MIT */
/* See characters.h. */
#include "sys/characters.h"

static size_t length_by_first(unsigned char first)
{
	return first < 0x80   ? 1
	       : first < 0xc2 ? 0
	       : first < 0xe0 ? 2
	       : first < 0xf0 ? 3
	       : first < 0xf5 ? 4
			      : 0;
}

size_t characters_decode(const char *bytes, size_t left, unsigned *code)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *at = (const unsigned char *)bytes;
	size_t length = left ? length_by_first(*at) : 0;
	*code = left ? *at : 0;
	if (length <= 1 || length > left)
		return length > left ? 0 : length;
	*code &= 0x7fU >> length;
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (at[i] & 0x3fU);
	}
	bool surrogate = *code >= 0xd800 && *code < 0xe000;
	return *code < least[length] || *code > 0x10ffff || surrogate ? 0 : length;
}

static bool is_between(unsigned code, unsigned first, unsigned last)
{
	return code >= first && code <= last;
}

bool characters_harmless(unsigned code)
{
	bool control = code < 0x20 || is_between(code, 0x7f, 0x9f);
	bool turns = is_between(code, 0x200e, 0x200f) || is_between(code, 0x202a, 0x202e) ||
		     is_between(code, 0x2066, 0x2069) || code == 0x061c;
	return !control && !turns && !is_between(code, 0x2028, 0x2029);
}
