/* SPDX-License-Identifier: MIT */
/*
 * Nothing is executed: ldd(1) runs the program's own loader, which an untrusted program chooses itself. The order is
 * ld.so(8)'s: DT_RPATH of the object and of those that led to it, unless the object has DT_RUNPATH; LD_LIBRARY_PATH;
 * DT_RUNPATH; the cache; the default directories. A file for another machine is passed over there as here.
 */
#include "objects.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loader_cache.h"
#include "memory.h"

enum { OBJECTS_MAX = 2000 };

/* Debian's loader knows its multiarch directories too; where they are not there nothing is found in them. */
static const char glibc_default[] = "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:/lib/i386-linux-gnu:"
				    "/usr/lib/i386-linux-gnu:/lib/aarch64-linux-gnu:"
				    "/usr/lib/aarch64-linux-gnu:/lib64:/usr/lib64:/lib:/usr/lib";
static const char musl_default[] = "/lib:/usr/local/lib:/usr/lib";

const char *objects_base_name(const struct object *object)
{
	const char *slash = strrchr(object->path, '/');

	return slash ? slash + 1 : object->path;
}

int objects_add(struct objects *objects, const char *name, const char *path, const char *opened,
		int needed_by)
{
	objects->all = memory_grow(objects->all, objects->count, sizeof(*objects->all));
	struct object *object = &objects->all[objects->count];

	*object = (struct object){.name = memory_copy(name),
				  .path = memory_copy(path),
				  .opened = memory_copy(opened),
				  .needed_by = needed_by};
	elf_file_read(opened, &object->elf);
	return (int)objects->count++;
}

/* Is this a file that the loader would take for the program? */
static bool fits(const char *path, void *arg)
{
	const struct elf_file *program = arg;
	struct elf_file file;

	if (access(path, R_OK))
		return false;
	elf_file_read(path, &file);
	return file.state == ELF_READ && file.class == program->class && file.machine == program->machine;
}

/* "$ORIGIN/../lib" and "${ORIGIN}/../lib": the object's own directory. $LIB and $PLATFORM: Debian's and the plain ones. */
static char *expand(const char *text, int length, const struct object *object)
{
	static const struct {
		const char *token, *value;
	} tokens[] = {{"$ORIGIN", NULL}, {"${ORIGIN}", NULL}, {"$LIB", "lib"}, {"${LIB}", "lib"}};
	char origin[PATH_MAX], *result = memory_print("%.*s", length, text), *at;

	if (!realpath(object->opened, origin))
		snprintf(origin, sizeof(origin), "%s", object->path);
	if (strrchr(origin, '/'))
		*strrchr(origin, '/') = '\0';
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		const char *value = tokens[i].value ? tokens[i].value : origin;

		if ((at = strstr(result, tokens[i].token)) && strlen(result) < PATH_MAX)
			result = memory_print("%.*s%s%s", (int)(at - result), result, value,
					      at + strlen(tokens[i].token));
	}
	return result;
}

/* The first fitting file of this name in a list of directories, or NULL. An empty element is the current directory. */
static char *find_in(const char *list, const char *name, const struct object *object,
		     struct elf_file *program)
{
	for (; list; list = *list ? list + 1 : NULL) {
		int length = (int)strcspn(list, ":;");
		char *directory = expand(list, length, object);
		char *path = memory_print("%s%s%s", directory, *directory ? "/" : "", name);

		free(directory);
		if ((length || *list) && fits(path, program))
			return path;
		free(path);
		list += length;
	}
	return NULL;
}

static bool is_musl(const struct objects *objects)
{
	return objects->all[0].elf.loader && strstr(objects->all[0].elf.loader, "/ld-musl-");
}

static char *find_by_system(struct objects *objects, const char *name, const struct object *object)
{
	struct elf_file *program = &objects->all[0].elf;
	const char *cached;

	if (object->elf.no_default_path)
		return NULL;
	if (is_musl(objects))
		return find_in(musl_default, name, object, program);
	cached = loader_cache_find(name, fits, program);
	return cached ? memory_copy(cached) : find_in(glibc_default, name, object, program);
}

static char *find_library(struct objects *objects, const char *name, int from)
{
	const struct object *object = &objects->all[from];
	struct elf_file *program = &objects->all[0].elf;
	char *path = NULL;

	if (strchr(name, '/')) {
		path = expand(name, (int)strlen(name), object);
		return fits(path, program) ? path : NULL;
	}
	for (int up = from; !path && !object->elf.runpath && up != NOBODY; up = objects->all[up].needed_by)
		if (!objects->all[up].elf.runpath)
			path = find_in(objects->all[up].elf.rpath, name, &objects->all[up], program);
	if (!path)
		path = find_in(getenv("LD_LIBRARY_PATH"), name, object, program);
	if (!path)
		path = find_in(object->elf.runpath, name, object, program);
	return path ? path : find_by_system(objects, name, object);
}

const char *objects_find_library(const struct objects *objects, const char *name)
{
	return find_library((struct objects *)objects, name, 0);
}

/* The loader compares the name asked for with names and sonames that it has; each library is loaded once. */
static bool is_there(const struct objects *objects, const char *name)
{
	for (size_t i = 0; i < objects->count; i++) {
		const struct object *object = &objects->all[i];

		if (strcmp(object->name, name) == 0 ||
		    (object->elf.soname && strcmp(object->elf.soname, name) == 0))
			return true;
	}
	return false;
}

static void miss(struct objects *objects, const char *name)
{
	for (size_t i = 0; i < objects->missing_count; i++)
		if (strcmp(objects->missing[i], name) == 0)
			return;
	objects->missing = memory_grow(objects->missing, objects->missing_count, sizeof(char *));
	objects->missing[objects->missing_count++] = memory_copy(name);
}

/* Breadth first, as the loader goes: what is added is at the end of the list and has its turn. */
void objects_add_needed(struct objects *objects, int from)
{
	for (size_t at = (size_t)from; at < objects->count && objects->count < OBJECTS_MAX; at++) {
		for (size_t i = 0; i < objects->all[at].elf.needed_count; i++) {
			const char *name = objects->all[at].elf.needed[i];
			char *path = is_there(objects, name) ? NULL : find_library(objects, name, (int)at);

			if (path)
				objects_add(objects, name, path, path, (int)at);
			else if (!is_there(objects, name))
				miss(objects, name);
		}
	}
}
