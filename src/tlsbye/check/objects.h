/* SPDX-License-Identifier: MIT */
/*
 * The files that make up a program: the program, the libraries it needs and theirs, and modules that are loaded later.
 */
#ifndef TLSBYE_CHECK_OBJECTS_H
#define TLSBYE_CHECK_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>

#include "elf_file.h"

enum { NOBODY = -1 };

struct object {
	char *name;    /* as it was asked for: "libssl.so.3" */
	char *path;    /* where it was found, as the program sees it */
	char *opened;  /* where we read it: another path where the program lives in another mount namespace */
	int needed_by; /* index; NOBODY for the program and for modules */
	bool module;   /* comes by dlopen */
	bool deepbind; /* and by RTLD_DEEPBIND: its calls find its own libraries before the object */
	struct elf_file elf;
};

struct objects {
	struct object *all; /* [0] is the program */
	size_t count;
	char **missing; /* names that were found nowhere */
	size_t missing_count;
};

/* Add one file; its index. */
int objects_add(struct objects *objects, const char *name, const char *path, const char *opened,
		int needed_by);

/* Add all that object "from" needs, and what that needs, as ld.so(8) would find it for a program started here. */
void objects_add_needed(struct objects *objects, int from);

/* A library that the program opens by name: the file that dlopen() would take, or NULL. */
const char *objects_find_library(const struct objects *objects, const char *name);

/* "libssl.so.3": the name without directories. */
const char *objects_base_name(const struct object *object);

#endif
