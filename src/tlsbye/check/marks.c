/* SPDX-License-Identifier: MIT */
/*
 * One pass over the loaded segments, a window at a time, for all traces at once; windows overlap by the longest trace.
 *
 * Rules: at most SEARCHED_MAX bytes of a file: a sparse one can claim any size.
 */
#include "marks.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

#define WINDOW       (1 << 20)
#define OVERLAP      128
#define SEARCHED_MAX (512ULL << 20)

/* Where a trace was found, and how many bytes of the window follow. */
typedef bool look_fn(struct marks *marks, const char *found, size_t left);

static size_t version_length(const char *text, size_t left)
{
	size_t length = 0;

	while (length < left && (isalnum((unsigned char)text[length]) || strchr(".-_", text[length])) &&
	       text[length])
		length++;
	return length;
}

static bool keep_version(char version[32], const char *text, size_t left)
{
	size_t length = version_length(text, left);

	if (length < 5 || length > 31 || !isdigit((unsigned char)*text) || length + 2 > left)
		return false;
	memcpy(version, text, length);
	version[length] = '\0';
	return true;
}

/* "OpenSSL 3.0.17 1 Jul 2025": the date tells it from talk about a version. */
static bool look_openssl(struct marks *marks, const char *found, size_t left)
{
	const char *text = found + 8;
	size_t length = version_length(text, left - 8);

	return length + 10 < left && text[length] == ' ' && isdigit((unsigned char)text[length + 1]) &&
	       keep_version(marks->openssl, text, left - 8);
}

static bool look_libressl(struct marks *marks, const char *found, size_t left)
{
	return keep_version(marks->libressl, found + 9, left - 9);
}

static bool look_libssl(struct marks *marks, const char *found, size_t left)
{
	size_t length = version_length(found, left);

	if (length >= sizeof(marks->libssl))
		return false;
	memcpy(marks->libssl, found, length);
	marks->libssl[length] = '\0';
	return true;
}

#define LOOK(name, field)                                                                                    \
	static bool name(struct marks *marks, const char *found, size_t left)                                \
	{                                                                                                    \
		(void)found, (void)left;                                                                     \
		marks->field = true;                                                                         \
		return true;                                                                                 \
	}
LOOK(look_functions, names_functions)
LOOK(look_go, go_tls)

/* BoringSSL's is ssl_lib.cc. */
static bool look_code(struct marks *marks, const char *found, size_t left)
{
	if (left > 13 && found[13] == 'c')
		marks->boringssl = true;
	else
		marks->openssl_code = true;
	return true;
}

static bool look_rustls(struct marks *marks, const char *found, size_t left)
{
	marks->rustls = left > 10 && isdigit((unsigned char)found[10]);
	return marks->rustls;
}

static bool look_mbedtls(struct marks *marks, const char *found, size_t left)
{
	marks->mbedtls = keep_version((char[32]){0}, found + 9, left - 9);
	return marks->mbedtls;
}

/* Completed when it is used: spelled out, it would make this command look like a program with OpenSSL in it. */
static char code_trace[] = "?sl/ssl_lib.c";

#define TRACE(text, look)                                                                                    \
	{                                                                                                    \
		text, sizeof(text) - 1, look                                                                 \
	}
static const struct {
	const char *text;
	size_t length;
	look_fn *look;
} traces[] = {
	TRACE("OpenSSL ", look_openssl),          TRACE("LibreSSL ", look_libressl),
	TRACE("libssl.so", look_libssl),          {code_trace, sizeof(code_trace) - 1, look_code},
	TRACE("\0SSL_free\0", look_functions),    TRACE("\0SSL_read\0", look_functions),
	TRACE("\0SSL_connect\0", look_functions), TRACE("\0SSL_do_handshake\0", look_functions),
	TRACE("mbed TLS ", look_mbedtls),         TRACE("Mbed TLS ", look_mbedtls),
	TRACE("/rustls-0.", look_rustls),         TRACE("crypto/tls.(*Conn)", look_go),
};
enum { TRACES = sizeof(traces) / sizeof(traces[0]) };

static void search_window(const char *window, size_t size, bool done[TRACES], struct marks *marks)
{
	for (int i = 0; i < TRACES; i++) {
		const char *from = window;

		while (!done[i]) {
			const char *found = memmem(from, size - (size_t)(from - window), traces[i].text,
						   traces[i].length);

			if (!found)
				break;
			done[i] = traces[i].look(marks, found, size - (size_t)(found - window));
			from = found + 1;
		}
	}
}

/* Returns how many bytes were searched. */
static uint64_t search_segment(int fd, uint64_t offset, uint64_t size, char *window, bool done[TRACES],
			       struct marks *marks)
{
	uint64_t at = 0;

	while (at < size) {
		uint64_t wanted = size - at < WINDOW ? size - at : WINDOW;
		ssize_t got = pread(fd, window, wanted, (off_t)(offset + at));

		if (got <= 0)
			break;
		search_window(window, (size_t)got, done, marks);
		if (got <= OVERLAP || at + (uint64_t)got >= size)
			break;
		at += (uint64_t)got - OVERLAP;
	}
	return size;
}

void marks_search(const char *path, const struct elf_file *file, struct marks *marks)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *window = memory_grow(NULL, 0, WINDOW);
	bool done[TRACES] = {false};
	uint64_t left = SEARCHED_MAX;

	code_trace[0] = 's';
	*marks = (struct marks){0};
	for (size_t i = 0; fd >= 0 && i < file->segment_count; i++) {
		uint64_t size = file->segments[i].size;

		marks->cut |= size > left;
		size = size < left ? size : left;
		left -= search_segment(fd, file->segments[i].offset, size, window, done, marks);
	}
	free(window);
	if (fd >= 0)
		close(fd);
}
