/* SPDX-License-Identifier: MIT */
/*
 * Records that outlive their line: one block of memory holds the struct, its sites and its strings.
 */
#include "record.h"

#include <stdlib.h>
#include <string.h>

#include "fields.h"

const struct site *record_site(const struct record *record, const char *call)
{
	for (size_t i = 0; i < record->sites_count; i++)
		if (strcmp(record->sites[i].call, call) == 0)
			return &record->sites[i];
	return NULL;
}

/* A place in the block: first all is measured (block NULL), then all is copied. What needs alignment comes first. */
struct block {
	char *start;
	size_t used;
	struct object *objects; /* the copies of these: */
	const struct object *originals[RECORD_OBJECTS];
	size_t objects_count;
};

static void *place(struct block *block, size_t size)
{
	void *at = block->start ? block->start + block->used : NULL;

	block->used += size;
	return at;
}

static const char *place_text(struct block *block, const char *text)
{
	size_t size = text ? strlen(text) + 1 : 0;
	char *at = place(block, size);

	return text && at ? memcpy(at, text, size) : NULL;
}

/* Which of the objects it is; a new one is copied. Once, in however many frames it is: its path may be long. */
static struct object *place_object(struct block *block, const struct object *from)
{
	size_t i = 0;

	while (i < block->objects_count && block->originals[i] != from)
		i++;
	if (!from || i == RECORD_OBJECTS)
		return NULL;
	if (i == block->objects_count) {
		const char *path = place_text(block, from->path);
		const char *build_id = place_text(block, from->build_id);

		block->originals[block->objects_count++] = from;
		if (block->start)
			block->objects[i] = (struct object){path, build_id};
	}
	return block->start ? &block->objects[i] : NULL;
}

static void copy_frames(struct block *block, const struct site *from, struct frame *frames)
{
	for (size_t i = 0; i < from->count; i++) {
		struct object *object = place_object(block, from->frames[i].object);

		if (block->start)
			frames[i] = (struct frame){object, from->frames[i].offset, NULL};
	}
}

static void lay_out(struct block *block, const struct record *from)
{
	struct record *copy = place(block, sizeof(*copy));
	struct site *sites = place(block, from->sites_count * sizeof(*sites));
	size_t frames_count = 0, done = 0;
	struct frame *frames;

	for (size_t i = 0; i < from->sites_count; i++)
		frames_count += from->sites[i].count;
	frames = place(block, frames_count * sizeof(*frames));
	block->objects = place(block, RECORD_OBJECTS * sizeof(struct object));
	if (copy)
		*copy = *from;
	for (size_t i = 0; i < fields_count; i++) {
		const char **text = fields_text((struct record *)from, &fields[i]);
		const char *kept = text ? place_text(block, *text) : NULL;

		if (copy && text)
			*fields_text(copy, &fields[i]) = kept;
	}
	for (size_t i = 0; i < from->sites_count; i++) {
		const struct site *site = &from->sites[i];
		const char *call = place_text(block, site->call);

		copy_frames(block, site, block->start ? frames + done : NULL);
		if (block->start && site->count)
			frames[done].call = call;
		if (block->start)
			sites[i] = (struct site){call, site->count, frames + done};
		done += site->count;
	}
	if (copy)
		copy->sites = sites;
}

/* Of all copies that there are. A log decides how many and how long they are, so it may be hostile. */
static size_t kept;

struct record *record_keep(const struct record *record)
{
	struct block block = {0};
	struct record *copy;

	lay_out(&block, record);
	if (block.used > RECORDS_MOST - kept)
		return NULL;
	block = (struct block){.start = malloc(block.used)};
	if (!block.start)
		return NULL;
	lay_out(&block, record);
	copy = (struct record *)block.start;
	copy->size = block.used;
	kept += copy->size;
	return copy;
}

void record_free(struct record *record)
{
	if (record)
		kept -= record->size;
	free(record);
}
