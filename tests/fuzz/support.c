/* SPDX-License-Identifier: MIT */
/* See fuzz.h. */
#include "fuzz.h"

#include "sys/characters.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void fuzz_failed(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

bool fuzz_is_plain(const char *bytes, size_t size, const char *expected)
{
	size_t taken;
	for (size_t i = 0; i < size; i += taken) {
		unsigned code = 0;
		taken = 1;
		if (bytes[i] >= ' ' && bytes[i] < 0x7f)
			continue; /* nearly all of them */
		taken = characters_decode(bytes + i, size - i, &code);
		if (!taken ||
		    (!characters_harmless(code) && !(code && code < 128 && strchr(expected, (int)code))))
			return false;
	}
	return true;
}

uint8_t fuzz_byte(const uint8_t **data, size_t *size)
{
	if (!*size)
		return 0;
	(*size)--;
	return *(*data)++;
}

size_t fuzz_bytes(const uint8_t **data, size_t *size, size_t most, const uint8_t **bytes)
{
	size_t taken = *size < most ? *size : most;
	*bytes = *data;
	*data += taken;
	*size -= taken;
	return taken;
}

int fuzz_lowest_descriptor(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	close(fd);
	return fd;
}
