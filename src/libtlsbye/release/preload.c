/* SPDX-License-Identifier: MIT */
/* See preload.h. */
#include "release/preload.h"

#include "connection/hub.h"
#include "release/loadable.h"
#include "sys/real.h"

#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>

#define LIST     "LD_PRELOAD="
#define OBJECT   "libtlsbye.so" /* whatever folder it is in */
#define OPTION   "ASAN_OPTIONS="
#define NO_ORDER "verify_asan_link_order=0"

/* A stack may be a small thread's; of a handler's own, the exec itself needs some more. */
enum { ROOM = 12 << 10, SHARE = 4 };

static size_t room(void)
{
	stack_t own;
	if (real.syscall(SYS_sigaltstack, NULL, &own) != 0 || !(own.ss_flags & SS_ONSTACK))
		return ROOM;
	size_t left = (uintptr_t)__builtin_frame_address(0) - (uintptr_t)own.ss_sp;
	return left / SHARE < ROOM ? left / SHARE : ROOM;
}

/* ld.so(8): "separated by spaces or colons". */
static const char separators[] = " :";

static bool is_ours(const char *name, size_t length)
{
	size_t size = sizeof OBJECT - 1;
	return length >= size && memcmp(name + length - size, OBJECT, size) == 0 &&
	       (length == size || name[length - size - 1] == '/');
}

/* libasan or another runtime, which has to be the first, is that already. */
static bool is_sanitizer(const char *name, size_t length)
{
	return memmem(name, length, "san.so", 6) || memmem(name, length, "san-", 4);
}

/* Which part of the list names us, with the separators after it, and which place is ours? False: none does. */
static bool find_object(const char *entry, struct preload_change *change, bool *after_sanitizer)
{
	size_t at = sizeof LIST - 1;
	*after_sanitizer = false;
	at += strspn(entry + at, separators);
	for (change->place = at; entry[at];) {
		size_t length = strcspn(entry + at, separators), next = at + length;
		next += strspn(entry + next, separators);
		if (is_ours(entry + at, length)) {
			change->from = at;
			change->to = next;
			return true;
		}
		if (is_sanitizer(entry + at, length)) {
			*after_sanitizer = true;
			change->place = next;
		}
		at = next;
	}
	return false;
}

/* Where the two stand; false where there is no LD_PRELOAD, or there are two, of which the loader takes one. */
static bool find_entries(struct preload_change *change)
{
	bool found = false;
	change->option = SIZE_MAX;
	for (; change->variables[change->count]; change->count++) {
		const char *entry = change->variables[change->count];
		if (strncmp(entry, LIST, sizeof LIST - 1) == 0) {
			if (found)
				return false;
			found = true;
			change->list = change->count;
		} else if (strncmp(entry, OPTION, sizeof OPTION - 1) == 0 && change->option == SIZE_MAX) {
			change->option = change->count;
		}
	}
	if (change->option == SIZE_MAX)
		change->option = change->count;
	return found;
}

/* The object's name as the loader will read it. One that is too long for that is not looked for. */
static __attribute__((noinline)) bool object_is_out_of_reach(const struct preload_change *change)
{
	char object[PATH_MAX / 4];
	const char *name = change->variables[change->list] + change->from;
	size_t length = strcspn(name, separators);
	if (length >= sizeof object)
		return false;
	memcpy(object, name, length);
	object[length] = '\0';
	return loadable_is_out_of_reach(object);
}

struct preload_change preload_look(enum exec_by by, const char *file, int fd, char *const environment[])
{
	struct preload_change change = {.variables = environment};
	bool after_sanitizer;
	if (!environment || !find_entries(&change) ||
	    !find_object(environment[change.list], &change, &after_sanitizer))
		return change;
	enum loadable answer = object_is_out_of_reach(&change) ? LOADABLE_NO : loadable_look(by, file, fd);
	bool stays = answer == LOADABLE_YES || (answer == LOADABLE_ASAN && after_sanitizer);
	change.moves = stays && hub_is_there() && change.place < change.from;
	if (stays && !change.moves)
		return change;
	const char *changed = environment[change.list];
	if (answer == LOADABLE_ASAN && !change.moves) {
		change.to = change.from;
		changed = change.option < change.count ? environment[change.option] : OPTION;
	}
	size_t size = (change.count + 2) * sizeof(char *) + strlen(changed) + sizeof NO_ORDER + 1;
	change.size = size <= ROOM && size <= room() ? size : 0;
	return change;
}

/* What remains; false where nothing does. */
static bool write_list(const char *list, const struct preload_change *change, char *text)
{
	size_t end = change->from;
	memcpy(text, list, end);
	strcpy(text + end, list + change->to);
	if (!list[change->to])
		while (end > sizeof LIST - 1 && strchr(separators, text[end - 1]))
			text[--end] = '\0';
	return text[sizeof LIST - 1] != '\0';
}

/*
 * As `tlsbye run` puts it: the launchers of torsocks and socket_wrapper put theirs ahead of what is there, and these two hand
 * the program's close on to libc's own, past us. By hand the order is the user's.
 */
static void write_moved(const char *list, const struct preload_change *change, char *text)
{
	size_t name = strcspn(list + change->from, separators), passed = change->from - change->place;
	char *end = mempcpy(text, list, change->place);
	end = mempcpy(end, list + change->from, name);
	*end++ = ':';
	end = mempcpy(end, list + change->place, passed);
	while (!list[change->to] && strchr(separators, end[-1]))
		end--;
	strcpy(end, list + change->to);
}

static void write_option(const char *option, char *text)
{
	strcpy(text, option ? option : OPTION);
	if (option && option[sizeof OPTION - 1])
		strcat(text, ":");
	strcat(text, NO_ORDER);
}

char *const *preload_copy(const struct preload_change *change, void *room)
{
	const char **next = room;
	char *text = (char *)(next + change->count + 2);
	bool drops = change->to > change->from;
	for (size_t i = 0; i < change->count; i++) {
		const char *entry = change->variables[i];
		if (change->moves && i == change->list) {
			write_moved(entry, change, text);
			*next++ = text;
		} else if (drops && i == change->list) {
			if (write_list(entry, change, text))
				*next++ = text;
		} else if (!drops && i == change->option) {
			write_option(entry, text);
			*next++ = text;
		} else {
			*next++ = entry;
		}
	}
	if (!drops && change->option == change->count) {
		write_option(NULL, text);
		*next++ = text;
	}
	*next = NULL;
	return room;
}
