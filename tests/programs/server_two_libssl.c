/* SPDX-License-Identifier: MIT */
/*
 * Two libssl in one process, as in an nginx or a python of the system's with a module that brings its own: the one that
 * the program links, and that of a plugin ($PLUGIN) loaded by RTLD_LOCAL. Two connections at a time, one of each side.
 * While a side lets go of its connection, the code of the other side's library cannot be run at all: whoever takes that
 * one's functions for this connection dies of it.
 *
 * With $UNLOADED, the first connection is served by that plugin, which needs the program's libssl and is unloaded again:
 * the other one then lies where it lay.
 */
#include <dlfcn.h>
#include <link.h>
#include <stdint.h>
#include <sys/mman.h>

#include "legacy.h"
#include "side.h"

struct code {
	uintptr_t inside, start, end;
};

static int find_code(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct code *code = arg;
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

		code->start = (info->dlpi_addr + segment->p_vaddr) & ~(page - 1);
		code->end = info->dlpi_addr + segment->p_vaddr + segment->p_memsz;
		if (segment->p_type == PT_LOAD && segment->p_flags & PF_X && code->inside >= code->start &&
		    code->inside < code->end)
			return 1;
	}
	return 0;
}

static void protect(void *inside, int how)
{
	struct code code = {.inside = (uintptr_t)inside};

	if (!dl_iterate_phdr(find_code, &code) ||
	    mprotect((void *)code.start, code.end - code.start, how) != 0) {
		perror("protect");
		exit(3);
	}
}

static void let_go_alone(const struct side *side, const struct side *other, void *ssl, int fd)
{
	protect(other->in_libssl, PROT_NONE);
	protect(other->in_libcrypto, PROT_NONE);
	side->let_go(ssl, fd);
	protect(other->in_libcrypto, PROT_READ | PROT_EXEC);
	protect(other->in_libssl, PROT_READ | PROT_EXEC);
}

static void serve_two(int listener, const struct side *ours, const struct side *theirs)
{
	int our_fd = legacy_accept(listener), their_fd = legacy_accept(listener);
	void *our_ssl = ours->handshake(our_fd), *their_ssl = theirs->handshake(their_fd);

	ours->exchange(our_ssl);
	let_go_alone(ours, theirs, our_ssl, our_fd);
	theirs->exchange(their_ssl);
	let_go_alone(theirs, ours, their_ssl, their_fd);
}

static void print_library(const char *which, const struct side *side)
{
	Dl_info library;

	if (dladdr(side->in_libssl, &library))
		printf("%s=%s\n", which, strrchr(library.dli_fname, '/') + 1);
}

static const struct side *load(const char *path, void **plugin)
{
	const struct side *(*plugin_side)(void) = NULL;

	*plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (*plugin)
		*(void **)&plugin_side = dlsym(*plugin, "side");
	if (!plugin_side) {
		fprintf(stderr, "%s\n", dlerror());
		exit(3);
	}
	return plugin_side();
}

/* Returns where its code lay. */
static uintptr_t serve_one_and_unload(int listener, int argc, char **argv)
{
	void *plugin;
	const struct side *side = load(getenv("UNLOADED"), &plugin);
	uintptr_t there = (uintptr_t)side->let_go;

	side->start(argc, argv);

	int fd = legacy_accept(listener);
	void *ssl = side->handshake(fd);

	side->exchange(ssl);
	side->let_go(ssl, fd);
	dlclose(plugin);
	return there;
}

int main(int argc, char **argv)
{
	const struct side *ours = side(), *theirs;
	uintptr_t unloaded = 0;
	void *plugin;

	ours->start(argc, argv);

	int listener = legacy_listen();

	if (getenv("UNLOADED"))
		unloaded = serve_one_and_unload(listener, argc, argv);
	theirs = load(getenv("PLUGIN"), &plugin);
	theirs->start(argc, argv);
	print_library("ours", ours);
	print_library("theirs", theirs);
	if (unloaded)
		printf("same-place=%s\n", unloaded == (uintptr_t)theirs->let_go ? "yes" : "no");
	for (int i = unloaded != 0; i < legacy.connections; i += 2)
		serve_two(listener, ours, theirs);
	close(listener);
	return 0;
}
