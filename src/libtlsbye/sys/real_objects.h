/* SPDX-License-Identifier: MIT */
/*
 * Which object does a code address belong to? What the loader has mapped is copied into a table that only grows: an event
 * may be told in a signal handler, where the loader cannot be asked, and of objects that may be
 * unloaded by then.
 */
#ifndef TLSBYE_REAL_OBJECTS_H
#define TLSBYE_REAL_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

enum { BUILD_ID_MAX = 32 };

struct object {
	uintptr_t start, end; /* where it is mapped, or was */
	uintptr_t bias;       /* what the loader has added to the addresses in the file */
	const char *path;
	uint8_t build_id_size; /* 0: it has none */
	uint8_t build_id[BUILD_ID_MAX];
	bool forgotten; /* another one, for which there was no room, lies there by now */
};

/*
 * Objects that were loaded since the last time become known. Ordinary code: takes the loader's short lock
 * (dl_iterate_phdr), for which nobody waits who waits for a constructor.
 */
void real_objects_refresh(void);

/* Around a fork: no walk is under way then. */
void real_objects_before_fork(void);
void real_objects_after_fork(void);
void real_objects_child_after_fork(void);

/* The object that a return address lies in; NULL. The one that was loaded there last. Async-signal-safe. */
const struct object *real_objects_at(uintptr_t address);

#endif
