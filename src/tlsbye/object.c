/* SPDX-License-Identifier: MIT */
/*
 * Finds libtlsbye.so and puts it into LD_PRELOAD. A command in a build tree takes that tree's object, so that
 * what was just built is what is tried; an installed one takes PKGLIBDIR's.
 *
 * Rules: absolute paths only. The program may change its directory and run others, and a relative path or a bare
 * name in LD_PRELOAD would be looked up anew by each of them.
 */
#include "object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

#define BUILT     "libtlsbye/.libs/libtlsbye.so" /* beside the directory of the command that was just built */
#define INSTALLED PKGLIBDIR "/libtlsbye.so"

/* ld.so(8), LD_PRELOAD: "separated by spaces or colons, and there is no support for escaping". */
#define SEPARATORS " :"

/* <dir>/tlsbye/tlsbye -> <dir>/libtlsbye/.libs/libtlsbye.so, where that exists. */
static bool find_built(char path[PATH_MAX])
{
	char self[PATH_MAX], candidate[PATH_MAX + sizeof(BUILT)];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (length < 0)
		return false;
	self[length] = '\0';
	for (int up = 0; up < 2; up++) {
		char *slash = strrchr(self, '/');

		if (!slash)
			return false;
		*slash = '\0';
	}
	snprintf(candidate, sizeof(candidate), "%s/" BUILT, self);
	return realpath(candidate, path) != NULL;
}

bool object_find(char path[PATH_MAX])
{
	if (!find_built(path) && !realpath(INSTALLED, path)) {
		cli_say("libtlsbye.so is not at " INSTALLED " (%m), nor in a build tree around this command; "
			"'make install' puts it there");
		return false;
	}
	if (strpbrk(path, SEPARATORS)) {
		cli_say("%s: LD_PRELOAD cannot hold a path with a space or a colon; install tlsbye elsewhere",
			path);
		return false;
	}
	return true;
}

/* tlsbye run tlsbye run PROGRAM, or a script under tlsbye that runs tlsbye. */
static bool preloaded_already(const char *list, const char *path)
{
	while (*list) {
		size_t length = strcspn(list, SEPARATORS);

		if (length == strlen(path) && memcmp(list, path, length) == 0)
			return true;
		list += length;
		list += strspn(list, SEPARATORS);
	}
	return false;
}

static bool is_sanitizer(const char *name, size_t length)
{
	const char *end = name + length, *base = name;

	while (memchr(base, '/', (size_t)(end - base)))
		base = (const char *)memchr(base, '/', (size_t)(end - base)) + 1;
	return memmem(base, (size_t)(end - base), "san.", 4) ||
	       memmem(base, (size_t)(end - base), "san_", 4) || memmem(base, (size_t)(end - base), "san-", 4);
}

/*
 * Ahead of the others: torsocks and socket_wrapper hand the program's close on to libc itself, past whoever comes after
 * them, while what we call is theirs to see. But a sanitizer's runtime refuses to start where it is not the first.
 */
static size_t place_in(const char *list)
{
	size_t at = 0, place = 0;

	while (list[at]) {
		size_t length = strcspn(list + at, SEPARATORS);
		bool sanitizer = is_sanitizer(list + at, length);

		at += length;
		at += strspn(list + at, SEPARATORS);
		if (sanitizer)
			place = at;
	}
	return place;
}

bool object_preload(const char *path)
{
	const char *there = getenv("LD_PRELOAD");
	char *list;

	if (!there)
		there = "";
	if (preloaded_already(there, path))
		return true;
	size_t place = place_in(there);
	const char *before = place && !strchr(SEPARATORS, there[place - 1]) ? ":" : "";
	const char *after = there[place] ? ":" : "";
	if (asprintf(&list, "%.*s%s%s%s%s", (int)place, there, before, path, after, there + place) < 0) {
		cli_say("LD_PRELOAD cannot be set (%m)");
		return false;
	}
	bool set = setenv("LD_PRELOAD", list, 1) == 0;
	if (!set)
		cli_say("LD_PRELOAD cannot be set (%m)");
	free(list);
	return set;
}

void object_tell_asan(void)
{
	const char *there = getenv("ASAN_OPTIONS");
	char *options;

	if (asprintf(&options, "%s%sverify_asan_link_order=0", there ? there : "",
		     there && *there ? ":" : "") < 0)
		return;
	setenv("ASAN_OPTIONS", options, 1);
	free(options);
}
