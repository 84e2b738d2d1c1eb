/* SPDX-License-Identifier: MIT */
/*
 * Loads plugins one after the other and unloads each, as a server does that reloads its modules. They are the same but for
 * the libssl that they bring, so the second one comes to lie where the first one was. Says whether it did.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	void *first = NULL;
	bool same = true;

	for (int i = 1; i < argc; i++) {
		void *plugin = dlopen(argv[i], RTLD_NOW | RTLD_LOCAL), *function;
		Dl_info where;

		function = plugin ? dlsym(plugin, "plugin_names_libssl") : NULL;
		if (!function || !dladdr(function, &where)) {
			fprintf(stderr, "%s: %s\n", argv[i], dlerror());
			return 1;
		}
		first = first ? first : where.dli_fbase;
		same = same && first == where.dli_fbase;
		((void (*)(void))function)();
		dlclose(plugin);
	}
	printf("in the same place: %s\n", same ? "yes" : "no");
	return 0;
}
