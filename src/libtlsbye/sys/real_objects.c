/* SPDX-License-Identifier: MIT */
/*
 * See real_objects.h. The loader counts what it has loaded and unloaded; where both counts are as before, the walk ends at
 * its first step.
 *
 * Rules: written only in the callback of dl_iterate_phdr(), which glibc calls with its lock held: so by one thread at a
 * time. Read by everybody, up to a count that is written last. An object that is there already is not entered again;
 * where the table or the room for paths is full, what is new stays unknown, and so does what it has taken the place of.
 *
 * A fork in the middle of a walk would leave the loader's lock to the child, held by nobody (glibc 2.36): its next dlopen()
 * would wait for ever. So fork and walk take turns.
 */
#include "sys/real_objects.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

enum { OBJECTS_MAX = 1024, PATHS_MAX = 128 * 1024 };

static struct object objects[OBJECTS_MAX];
static _Atomic unsigned object_count;
static char paths[PATHS_MAX];
static size_t paths_used;

/* --- reading --- */

static const struct object *last_at(uintptr_t address)
{
	for (unsigned i = atomic_load_explicit(&object_count, memory_order_acquire); i-- > 0;)
		if (address >= objects[i].start && address < objects[i].end)
			return &objects[i];
	return NULL;
}

const struct object *real_objects_at(uintptr_t address)
{
	const struct object *object =
		last_at(address - 1); /* the call may be the object's last instruction */
	return object && !__atomic_load_n(&object->forgotten, __ATOMIC_RELAXED) ? object : NULL;
}

/* --- writing --- */

/* The bytes of the file that are mapped at an address, up to the end of their segment; 0 where there are none. */
static size_t mapped_after(const struct dl_phdr_info *info, uintptr_t address)
{
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + segment->p_vaddr;
		bool readable = segment->p_type == PT_LOAD && segment->p_flags & PF_R;
		if (readable && address >= start && address - start < segment->p_filesz)
			return segment->p_filesz - (address - start);
	}
	return 0;
}

static size_t rounded_up(size_t size, size_t alignment)
{
	return (size + alignment - 1) & ~(alignment - 1);
}

/* gABI, note section: three words, then name and description, each filled up to the alignment. */
static bool find_build_id(struct object *object, const unsigned char *notes, size_t size, size_t alignment)
{
	ElfW(Nhdr) note;
	while (size >= sizeof note) {
		memcpy(&note, notes, sizeof note);
		size_t name = sizeof note, description = rounded_up(name + note.n_namesz, alignment);
		size_t next = rounded_up(description + note.n_descsz, alignment);
		if (note.n_namesz > size || note.n_descsz > size || description + note.n_descsz > size)
			return false;
		bool found = note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof ELF_NOTE_GNU &&
			     memcmp(notes + name, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) == 0;
		if (found && note.n_descsz <= BUILD_ID_MAX) {
			memcpy(object->build_id, notes + description, note.n_descsz);
			object->build_id_size = (uint8_t)note.n_descsz;
			return true;
		}
		if (next > size)
			return false;
		notes += next;
		size -= next;
	}
	return false;
}

static void measure(struct object *object, const struct dl_phdr_info *info)
{
	*object = (struct object){.start = UINTPTR_MAX, .bias = info->dlpi_addr};
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + segment->p_vaddr;
		if (segment->p_type == PT_LOAD) {
			object->start = start < object->start ? start : object->start;
			object->end = start + segment->p_memsz > object->end ? start + segment->p_memsz
									     : object->end;
		}
		size_t mapped = segment->p_type == PT_NOTE ? mapped_after(info, start) : 0;
		size_t alignment = segment->p_align == 8 ? 8 : 4;
		if (mapped && !object->build_id_size)
			find_build_id(object, (const unsigned char *)start,
				      segment->p_filesz < mapped ? segment->p_filesz : mapped, alignment);
	}
}

/*
 * The loader has no name for the program itself. Where it was started as a program of its own (ld.so PROGRAM) the kernel
 * takes the loader for the program, and there is no other loader: AT_BASE is 0.
 */
static const char *path_of_program(void)
{
	static char path[PATH_MAX];
	if (!*path) {
		ssize_t n = getauxval(AT_BASE) ? readlink("/proc/self/exe", path, sizeof path - 1) : -1;
		if (n < 0)
			strncpy(path, program_invocation_name, sizeof path - 1);
	}
	return path;
}

static const char *keep_path(const char *path)
{
	size_t size = strlen(path) + 1;
	if (size > PATHS_MAX - paths_used)
		return NULL;
	char *kept = memcpy(paths + paths_used, path, size);
	paths_used += size;
	return kept;
}

static bool is_same(const struct object *a, const struct object *b, const char *path_of_b)
{
	return a->start == b->start && a->end == b->end && a->bias == b->bias &&
	       a->build_id_size == b->build_id_size &&
	       memcmp(a->build_id, b->build_id, a->build_id_size) == 0 && strcmp(a->path, path_of_b) == 0;
}

static void forget_what_lay_there(const struct object *fresh, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (objects[i].start < fresh->end && fresh->start < objects[i].end)
			__atomic_store_n(&objects[i].forgotten, true, __ATOMIC_RELAXED);
}

static void enter(const struct dl_phdr_info *info)
{
	struct object fresh;
	unsigned count = atomic_load(&object_count);
	measure(&fresh, info);
	if (fresh.start >= fresh.end)
		return;
	const char *path = *info->dlpi_name ? info->dlpi_name : path_of_program();
	const struct object *known = last_at(fresh.start);
	if (known && is_same(known, &fresh, path))
		return;
	fresh.path = count < OBJECTS_MAX ? keep_path(path) : NULL;
	if (!fresh.path) {
		forget_what_lay_there(&fresh, count);
		return;
	}
	objects[count] = fresh;
	atomic_store_explicit(&object_count, count + 1, memory_order_release);
}

static int visit(struct dl_phdr_info *info, size_t size, void *first)
{
	static unsigned long long loads, unloads;
	(void)size; /* glibc has had the two counts since 2.4 */
	if (*(bool *)first && loads == info->dlpi_adds && unloads == info->dlpi_subs)
		return 1;
	*(bool *)first = false;
	loads = info->dlpi_adds;
	unloads = info->dlpi_subs;
	enter(info);
	return 0;
}

/* --- whose turn it is --- */

static _Atomic uintptr_t turn;    /* the thread that walks, or forks; 0: none */
static _Atomic bool fork_is_near; /* who would walk leaves it to the next one who asks */

/*
 * A walk takes a microsecond. False: the turn is this thread's already, and we are in a handler; or it never came.
 * (SSL_free is no cancellation point, as sleeping would be.)
 */
static bool take_turn(void)
{
	enum { TRIES = 1 << 16 };
	uintptr_t self = (uintptr_t)pthread_self();
	for (int i = 0; i < TRIES; i++) {
		uintptr_t other = 0;
		if (atomic_compare_exchange_strong(&turn, &other, self))
			return true;
		if (other == self)
			return false;
		sched_yield();
	}
	return false;
}

void real_objects_refresh(void)
{
	bool first = true;
	int saved = errno;
	if (!atomic_load(&fork_is_near) && take_turn()) {
		dl_iterate_phdr(visit, &first);
		atomic_store(&turn, 0);
	}
	errno = saved;
}

/* --- fork --- */

static bool held_for_fork; /* written by who forks, of whom there is one at a time (process.c) */

void real_objects_before_fork(void)
{
	atomic_store(&fork_is_near, true);
	held_for_fork = take_turn();
	atomic_store(&fork_is_near, false);
}

void real_objects_after_fork(void)
{
	if (held_for_fork)
		atomic_store(&turn, 0);
}

void real_objects_child_after_fork(void)
{
	atomic_store(&turn, 0);
}
