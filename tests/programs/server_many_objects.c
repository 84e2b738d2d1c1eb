/* SPDX-License-Identifier: MIT */
/*
 * Loads module after module (closer.c) out of the folder that --mode names, 0.so, 1.so and so on, up to --rounds of them,
 * and has the last one close the connection. A second connection is closed by a module that lies where the last one
 * lay before: other.so. What a browser or an editor does with its plug-ins, but slower.
 */
#include <dlfcn.h>
#include <limits.h>

#include "legacy.h"

static void *load(const char *name)
{
	char path[PATH_MAX];
	void *module;

	snprintf(path, sizeof(path), "%s/%s.so", legacy.mode, name);
	module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!module) {
		fprintf(stderr, "%s\n", dlerror());
		exit(3);
	}
	return module;
}

static void *load_many(void)
{
	char name[16];
	void *last = NULL;

	for (int i = 0; i < legacy.rounds; i++) {
		snprintf(name, sizeof(name), "%d", i);
		last = load(name);
	}
	return last;
}

static void talk(SSL *ssl, int fd)
{
	static void *last, *before;
	int (*close_it)(int fd);

	legacy_exchange(ssl);
	if (!last) {
		last = load_many();
	} else {
		dlclose(last);
		last = load("other");
	}
	*(void **)&close_it = dlsym(last, "closer_close");
	printf("same-place=%s\n", (void *)close_it == before ? "yes" : "no");
	before = (void *)close_it;
	SSL_free(ssl);
	close_it(fd);
}

int main(int argc, char **argv)
{
	return legacy_serve(argc, argv, talk);
}
