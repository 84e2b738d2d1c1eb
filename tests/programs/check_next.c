/* SPDX-License-Identifier: MIT */
/*
 * Links sys/next.c: for each function that the object looks up, does it find what dlsym(RTLD_NEXT) finds? Names those that
 * another object than libc has: one that was preloaded.
 */
#include "sys/next.h"
#include "sys/real.h"

#include <stdio.h>
#include <string.h>

#define NAME(name) #name "\0"
static const char names[] =
	REAL_LIBC(NAME) REAL_IO(NAME) REAL_TIME64(NAME) REAL_LATE(NAME) REAL_LATE_TIME64(NAME);
#define ONE(name) +1
enum { COUNT = REAL_LIBC(ONE) REAL_IO(ONE) REAL_TIME64(ONE) REAL_LATE(ONE) REAL_LATE_TIME64(ONE) };

static void compare(const char *name, const void *found, const void *alone)
{
	void *wanted = dlsym(RTLD_NEXT, name);
	Dl_info info;
	if (found != wanted || alone != wanted)
		printf("%s: %p, %p, not %p\n", name, found, alone, wanted);
	if (wanted && dladdr(wanted, &info) && !strstr(info.dli_fname, "/libc.so"))
		printf("%s: %s\n", name, strrchr(info.dli_fname, '/') + 1);
}

int main(void)
{
	void *found[COUNT];
	const char *name = names;
	next_find_all(names, COUNT, found);
	for (unsigned i = 0; i < COUNT; i++, name += strlen(name) + 1)
		compare(name, found[i], next_find(name));
	printf("%s\n", next_find("no_such_function") ? "found what is not there" : "nothing else");
	return 0;
}
