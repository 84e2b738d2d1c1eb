/* SPDX-License-Identifier: MIT */
/*
 * A process without TLS, in which the hooks have nothing to do. `constructor MODULE` loads a module whose constructor waits
 * for a thread that makes the hooked calls (constructor_waits.c); `fclose` closes a stream in memory, and prints errno.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int load(const char *module)
{
	if (!dlopen(module, RTLD_NOW)) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	puts("loaded");
	return 0;
}

static int close_stream_in_memory(void)
{
	char memory[16];
	FILE *stream = fmemopen(memory, sizeof(memory), "w");
	int result;

	errno = 0;
	result = fclose(stream);
	printf("fclose=%d errno=%d\n", result, errno);
	return 0;
}

int main(int argc, char **argv)
{
	alarm(20);
	if (argc > 2 && !strcmp(argv[1], "constructor"))
		return load(argv[2]);
	return close_stream_in_memory();
}
