/* SPDX-License-Identifier: MIT */
/*
 * See source.h. Two caches: of objects, by path and build-id, and in each of places, by offset. An object whose debug
 * information is open costs memory and a descriptor, so only the last ones stay open; what they said stays.
 *
 * Rules: a place is never a guess. Where the file is not the one that ran, and where a name is only the nearest one, the
 * answer is the object, its offset and why.
 */
#include "source.h"

#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../utf8.h"
#include "debug_info.h"
#include "source_code.h"
#include "source_text.h"
#include "words.h"

enum {
	OPEN_MOST = 16,
	REMEMBERED_MOST = 32 << 20 /* bytes of names and places; a hostile log has any number of them */
};

#define NO_LINES "no debug information here: install its -dbgsym package (or the like), or build it with -g"
#define DELETED  " (deleted)"

struct cached_place {
	uint64_t offset;
	char *call; /* what was called there; NULL: not known */
	struct place place;
	char *strings[5]; /* what place points to, to be freed */
	int strings_count;
};

struct module {
	char *path;
	char *shown; /* without control characters */
	char *build_id;
	const char *why; /* it could not be opened; static */
	struct debug_info *info;
	uint64_t used;
	void *places; /* a tree of struct cached_place */
};

struct source {
	struct debug_search search;
	bool searching;
	void *modules; /* a tree of struct module */
	struct module nowhere;
	struct module *open[OPEN_MOST];
	uint64_t clock;
	size_t remembered; /* bytes, see REMEMBERED_MOST */
};

/* Where there is no memory for the truth. */
static const struct place unknown = {.why = "no memory", .text = "unknown (no memory)"};
static const struct place too_many = {.why = "too many different addresses",
				      .text = "unknown (too many different addresses)"};

static char *keep(struct cached_place *cached, char *text)
{
	if (!text)
		return NULL;
	utf8_clean(text, strlen(text));
	cached->strings[cached->strings_count++] = text;
	return text;
}

/* --- places --- */

/* A macro's line, or that of a call by a pointer, of a function that ends by a jump (debug_tail_call.h). */
static bool elsewhere(const struct cached_place *cached)
{
	return cached->call && cached->place.code && !strstr(cached->place.code, cached->call);
}

static void fill_with_line(struct cached_place *cached, const struct module *module,
			   const struct found *found)
{
	struct place *place = &cached->place;
	char *file = source_text_file(&found->frames[0]);

	place->line = found->frames[0].line;
	place->function = keep(cached, source_text_function(found, &found->frames[0]));
	place->code = keep(cached, source_code(file, place->line, debug_info_time(module->info)));
	if (file)
		source_text_shorten(file);
	place->file = keep(cached, file);
	place->inlined = keep(cached, source_text_inlined(found));
	place->text = keep(cached, words("%s%s%s:%d%s%s%s", place->function ? place->function : "",
					 place->function ? "() at " : "", place->file, place->line,
					 place->inlined ? ", inlined into " : "",
					 place->inlined ? place->inlined : "",
					 elsewhere(cached) ? ", or in what is called there" : ""));
}

static void fill_without_line(struct cached_place *cached, const struct found *found, const char *why)
{
	struct place *place = &cached->place;

	place->why = why;
	if (found->symbol) {
		place->function = keep(cached, words("%.*s+0x%llx", NAME_MOST, found->symbol,
						     (unsigned long long)found->offset));
		place->text = keep(cached, words("%s in %s (%s)", place->function, place->object, why));
	} else {
		place->text = keep(cached, words("%s+0x%llx (%s)", place->object,
						 (unsigned long long)cached->offset, why));
	}
}

static void fill(struct cached_place *cached, const struct module *module)
{
	struct found found = {0};
	const char *why = module->why;
	uint64_t address = 0;

	cached->place.object = module->shown;
	if (module->info && cached->call)
		address = debug_info_tail_call(module->info, cached->offset, cached->call);
	if (!address)
		address = cached->offset;
	/* The return address is behind the call, and may be the first of another line or even of another function. */
	if (module->info && !debug_info_find(module->info, address - 1, &found))
		why = "the address is outside of the file that is there now";
	if (found.count && found.frames[0].file && found.frames[0].line)
		fill_with_line(cached, module, &found);
	else
		fill_without_line(cached, &found, why ? why : NO_LINES);
}

static int compare_places(const void *left, const void *right)
{
	const struct cached_place *a = left, *b = right;

	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return strcmp(a->call ? a->call : "", b->call ? b->call : "");
}

static void free_place(void *node)
{
	struct cached_place *cached = node;

	for (int i = 0; i < cached->strings_count; i++)
		free(cached->strings[i]);
	free(cached->call);
	free(cached);
}

/* NULL: no memory. new says that it is to be filled. */
static struct cached_place *place_in(struct module *module, const struct frame *frame, bool *new)
{
	struct cached_place key = {.offset = frame->offset, .call = (char *)frame->call};
	struct cached_place **slot = tfind(&key, &module->places, compare_places);

	*new = !slot;
	if (slot)
		return *slot;
	struct cached_place *cached = calloc(1, sizeof(*cached));
	if (!cached)
		return NULL;
	cached->offset = frame->offset;
	cached->call = frame->call ? strdup(frame->call) : NULL;
	if ((frame->call && !cached->call) || !tsearch(cached, &module->places, compare_places)) {
		free_place(cached);
		return NULL;
	}
	return cached;
}

/* --- modules --- */

/* The words for names that are no files. */
static const char *no_file(const char *path)
{
	if (strstr(path, "vdso") && (*path == '[' || strncmp(path, "linux-", 6) == 0))
		return "code of the kernel's, mapped into every program";
	if (*path == '\0')
		return "the log has no name for the object";
	if (*path == '[')
		return "memory without a file: code that was made at run time";
	if (*path != '/')
		return "its path is relative to a directory that the log does not tell";
	return NULL;
}

/* The name that the file had: with the same build-id it is the same file put back, or another name of it. */
static void open_deleted(struct source *source, struct module *module)
{
	char path[PATH_MAX];
	const char *why;

	snprintf(path, sizeof(path), "%.*s", (int)(strlen(module->path) - strlen(DELETED)), module->path);
	if (module->build_id)
		module->info = debug_info_open(&source->search, path, module->build_id, &why);
	module->why = module->info ? NULL : "the file was deleted while the program ran";
}

static bool is_deleted(const char *path)
{
	size_t length = strlen(path);

	return length > strlen(DELETED) && strcmp(path + length - strlen(DELETED), DELETED) == 0;
}

/* The slot of a new one: an empty one, or that of the one that was not used for longest. */
static struct module **free_slot(struct source *source)
{
	struct module **oldest = &source->open[0];

	for (int i = 0; i < OPEN_MOST; i++) {
		if (!source->open[i])
			return &source->open[i];
		if (source->open[i]->used < (*oldest)->used)
			oldest = &source->open[i];
	}
	debug_info_close((*oldest)->info);
	(*oldest)->info = NULL;
	*oldest = NULL;
	return oldest;
}

static void open_module(struct source *source, struct module *module)
{
	struct module **slot;

	if (!source->searching)
		source->searching = debug_info_search_begin(&source->search, NULL);
	module->why = source->searching ? no_file(module->path) : "no memory";
	if (module->why)
		return;
	slot = free_slot(source);
	if (is_deleted(module->path))
		open_deleted(source, module);
	else
		module->info = debug_info_open(&source->search, module->path, module->build_id, &module->why);
	if (module->info) {
		module->why = NULL;
		*slot = module;
	}
}

static int compare_modules(const void *left, const void *right)
{
	const struct module *a = left, *b = right;
	int paths = strcmp(a->path, b->path);

	return paths ? paths : strcmp(a->build_id ? a->build_id : "", b->build_id ? b->build_id : "");
}

static void free_module(void *node)
{
	struct module *module = node;

	if (module->info)
		debug_info_close(module->info);
	tdestroy(module->places, free_place);
	free(module->path);
	free(module->shown);
	free(module->build_id);
	free(module);
}

static struct module *new_module(struct source *source, const struct object *object)
{
	struct module *module = calloc(1, sizeof(*module));

	if (!module)
		return NULL;
	module->path = strdup(object->path ? object->path : "");
	module->shown = module->path ? strdup(module->path) : NULL;
	module->build_id = object->build_id ? strdup(object->build_id) : NULL;
	if (!module->shown || (object->build_id && !module->build_id) ||
	    !tsearch(module, &source->modules, compare_modules)) {
		free_module(module);
		return NULL;
	}
	utf8_clean(module->shown, strlen(module->shown));
	source->remembered += sizeof(*module) + 2 * strlen(module->path);
	return module;
}

static struct module *module_of(struct source *source, const struct object *object)
{
	struct module key, **slot;

	if (!object)
		return &source->nowhere;
	key.path = (char *)(object->path ? object->path : "");
	key.build_id = (char *)object->build_id;
	slot = tfind(&key, &source->modules, compare_modules);
	return slot ? *slot : new_module(source, object);
}

/* --- what source.h offers --- */

struct source *source_open(void)
{
	struct source *source = calloc(1, sizeof(struct source));

	if (source)
		source->nowhere.why = "the address is in no object that was loaded";
	return source;
}

bool source_look_in(struct source *source, const char *directory)
{
	if (!source->searching)
		source->searching = debug_info_search_begin(&source->search, directory);
	return source->searching;
}

static void count_place(struct source *source, const struct cached_place *cached)
{
	source->remembered += sizeof(*cached);
	for (int i = 0; i < cached->strings_count; i++)
		source->remembered += strlen(cached->strings[i]);
}

static const struct place *resolve_nowhere(struct source *source, const struct frame *frame)
{
	bool new;
	struct cached_place *cached = place_in(&source->nowhere, frame, &new);

	if (cached && new) {
		cached->place.why = source->nowhere.why;
		cached->place.text = keep(
			cached, words("0x%llx (%s)", (unsigned long long)frame->offset, source->nowhere.why));
		count_place(source, cached);
	}
	return cached && cached->place.text ? &cached->place : &unknown;
}

const struct place *source_resolve(struct source *source, const struct frame *frame)
{
	struct module *module;
	struct cached_place *cached;
	bool new;

	if (source->remembered > REMEMBERED_MOST)
		return &too_many;
	module = module_of(source, frame->object);
	if (module == &source->nowhere)
		return resolve_nowhere(source, frame);
	cached = module ? place_in(module, frame, &new) : NULL;
	if (!cached)
		return &unknown;
	if (new) {
		if (!module->info && !module->why)
			open_module(source, module);
		module->used = ++source->clock;
		fill(cached, module);
		count_place(source, cached);
	}
	return cached->place.text ? &cached->place : &unknown;
}

void source_close(struct source *source)
{
	tdestroy(source->modules, free_module);
	tdestroy(source->nowhere.places, free_place);
	if (source->searching)
		debug_info_search_end(&source->search);
	free(source);
}
