/* SPDX-License-Identifier: MIT */
/*
 * Knows nothing of TLS itself: loads a plugin by RTLD_LOCAL that brings libssl along, where dlsym(RTLD_NEXT) does not
 * find it. The way of python and perl. Then SSL_free(), close(), as server_free_then_close.
 */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char path[PATH_MAX + 32] = "";
	int (*serve)(int argc, char **argv);
	void *plugin;

	if (readlink("/proc/self/exe", path, PATH_MAX) < 0)
		return 3;
	strcpy(strrchr(path, '/'), "/.libs/plugin.so");
	plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!plugin) {
		fprintf(stderr, "%s\n", dlerror());
		return 3;
	}
	*(void **)&serve = dlsym(plugin, "plugin_serve");
	return serve ? serve(argc, argv) : 3;
}
