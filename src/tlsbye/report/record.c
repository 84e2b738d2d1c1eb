/* SPDX-License-Identifier: MIT */
/*
 * Records that outlive their line: one block of memory holds the struct, its sites and its strings.
 */
#include "record.h"

#include <stdlib.h>
#include <string.h>

#include "fields.h"

static const char *const fault_names[FAULTS] = {
	[FAULT_UNREAD_AT_CLOSE] = "unread-at-close",
	[FAULT_SHUTDOWN_RDWR] = "shutdown-rdwr",
	[FAULT_WRITE_TO_CLOSED_PEER] = "write-to-closed-peer",
	[FAULT_UNFINISHED_WRITE] = "unfinished-write",
	[FAULT_UNFLUSHED] = "unflushed",
	[FAULT_FIN_UNAWAITED] = "fin-unawaited",
	[FAULT_NO_CLOSE_NOTIFY] = "no-close_notify",
};

const char *fault_name(enum fault fault)
{
	return fault_names[fault];
}

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

/* Each frame has an object of its own in the copy: a few bytes more, no look-up. */
static void copy_frames(struct block *block, const struct site *from, struct frame *frames,
			struct object *objects)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct object *object = from->frames[i].object;
		const char *path = place_text(block, object ? object->path : NULL);
		const char *build_id = place_text(block, object ? object->build_id : NULL);

		if (!block->start)
			continue;
		frames[i] = (struct frame){object ? &objects[i] : NULL, from->frames[i].offset, NULL};
		objects[i] = (struct object){path, build_id};
	}
}

static void lay_out(struct block *block, const struct record *from)
{
	struct record *copy = place(block, sizeof(*copy));
	struct site *sites = place(block, from->sites_count * sizeof(*sites));
	size_t frames_count = 0, done = 0;
	struct frame *frames;
	struct object *objects;

	for (size_t i = 0; i < from->sites_count; i++)
		frames_count += from->sites[i].count;
	frames = place(block, frames_count * sizeof(*frames));
	objects = place(block, frames_count * sizeof(*objects));
	if (copy)
		*copy = *from;
	for (size_t i = 0; i < fields_count; i++) {
		const char **text = field_text((struct record *)from, &fields[i]);
		const char *kept = text ? place_text(block, *text) : NULL;

		if (copy && text)
			*field_text(copy, &fields[i]) = kept;
	}
	for (size_t i = 0; i < from->sites_count; i++) {
		const struct site *site = &from->sites[i];
		const char *call = place_text(block, site->call);

		copy_frames(block, site, block->start ? frames + done : NULL,
			    block->start ? objects + done : NULL);
		if (block->start && site->count)
			frames[done].call = call;
		if (block->start)
			sites[i] = (struct site){call, site->count, frames + done};
		done += site->count;
	}
	if (copy)
		copy->sites = sites;
}

struct record *record_keep(const struct record *record)
{
	struct block block = {0};

	lay_out(&block, record);
	block = (struct block){malloc(block.used), 0};
	if (!block.start)
		return NULL;
	lay_out(&block, record);
	return (struct record *)block.start;
}

void record_free(struct record *record)
{
	free(record);
}
