/* SPDX-License-Identifier: MIT */
/*
 * Loads an object that brings libcrypto along, and no libssl: with the argument local where dlsym(RTLD_NEXT) does not find it,
 * as python's hashlib does; with global where it does, as if it were linked.
 */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char path[PATH_MAX + 32] = "";
	int (*use)(void);
	void *plugin;

	if (argc != 2 || readlink("/proc/self/exe", path, PATH_MAX) < 0)
		return 2;
	strcpy(strrchr(path, '/'), "/.libs/plugin_bio.so");
	plugin = dlopen(path, RTLD_NOW | (strcmp(argv[1], "global") == 0 ? RTLD_GLOBAL : RTLD_LOCAL));
	if (!plugin) {
		fprintf(stderr, "%s\n", dlerror());
		return 2;
	}
	*(void **)&use = dlsym(plugin, "plugin_bio");
	return use ? use() : 2;
}
