/* SPDX-License-Identifier: MIT */
/*
 * Call sites in JSON (event.h): addresses become object and offset here, by a table of what was loaded (real_objects.h).
 *
 *   "objects":[{"path":"/usr/bin/x","build_id":"0123"}],"sites":{"close":[[0,4711]]}
 *
 * Rules: async-signal-safe. Where the line has no room for all frames, each site keeps its innermost; where it has none for
 * these either, the event goes without. So nothing in between takes back a part by itself, as json_string does.
 */
#include "events/event.h"
#include "sys/json.h"
#include "sys/real_objects.h"

#include <string.h>

/* What a frame's number means. An object beyond them is told as none: the raw address then. */
enum { OBJECTS_TOLD = 32 };

struct told {
	const struct object *objects[OBJECTS_TOLD];
	unsigned count;
};

/* Its place among those that are told, or -1. With `enter`, it gets one. */
static int place_of(struct told *told, const struct object *object, bool enter)
{
	for (unsigned i = 0; i < told->count; i++)
		if (told->objects[i] == object)
			return (int)i;
	if (!object || !enter || told->count == OBJECTS_TOLD)
		return -1;
	told->objects[told->count] = object;
	return (int)told->count++;
}

static unsigned frames_of(const struct sites *sites, unsigned site, uint32_t which, unsigned most,
			  const uintptr_t **frames)
{
	unsigned count = which & 1u << site ? call_sites_frames(sites, (enum site)site, frames) : 0;
	return count < most ? count : most;
}

static void collect_objects(struct told *told, const struct sites *sites, uint32_t which, unsigned most)
{
	const uintptr_t *frames;
	for (unsigned site = 0; site < SITES; site++) {
		unsigned count = frames_of(sites, site, which, most, &frames);
		for (unsigned i = 0; i < count; i++)
			place_of(told, real_objects_at(frames[i]), true);
	}
}

static void add_build_id(struct text *line, const struct object *object)
{
	static const char digits[] = "0123456789abcdef";
	if (!object->build_id_size)
		return;
	json_key(line, "build_id");
	text_add(line, "\"");
	for (unsigned i = 0; i < object->build_id_size; i++) {
		const char byte[2] = {digits[object->build_id[i] >> 4], digits[object->build_id[i] & 15]};
		text_add_bytes(line, byte, sizeof byte);
	}
	text_add(line, "\"");
}

static void add_path(struct text *line, const char *path)
{
	json_key(line, "path");
	text_add(line, "\"");
	json_quote(line, path, strlen(path));
	text_add(line, "\"");
}

static void add_objects(struct text *line, const struct told *told)
{
	json_open(line, "objects", '[');
	for (unsigned i = 0; i < told->count; i++) {
		json_open(line, NULL, '{');
		add_path(line, told->objects[i]->path);
		add_build_id(line, told->objects[i]);
		json_close(line, '}');
	}
	json_close(line, ']');
}

/* In a pair: which object, or null, and where in it. */
static void add_frame(struct text *line, struct told *told, uintptr_t frame)
{
	const struct object *object = real_objects_at(frame);
	int place = place_of(told, object, false);
	json_open(line, NULL, '[');
	if (place < 0)
		text_add(line, "null");
	else
		text_add_number(line, (uint64_t)place);
	json_key(line, NULL);
	text_add_number(line, place < 0 ? frame : frame - object->bias);
	json_close(line, ']');
}

static void add_sites(struct text *line, const struct sites *sites, struct told *told, uint32_t which,
		      unsigned most)
{
	const uintptr_t *frames;
	json_open(line, "sites", '{');
	for (unsigned site = 0; site < SITES; site++) {
		unsigned count = frames_of(sites, site, which, most, &frames);
		if (!count)
			continue;
		json_open(line, sites->at[site].name, '[');
		for (unsigned i = 0; i < count; i++)
			add_frame(line, told, frames[i]);
		json_close(line, ']');
	}
	json_close(line, '}');
}

static bool add_all(struct text *line, const struct sites *sites, uint32_t which, unsigned most)
{
	struct told told = {.count = 0};
	size_t mark = json_mark(line);
	collect_objects(&told, sites, which, most);
	add_objects(line, &told);
	add_sites(line, sites, &told, which, most);
	return json_fits(line, mark);
}

static void add_sites_that_fit(struct text *line, const struct sites *sites, uint32_t which)
{
	const uintptr_t *frames;
	unsigned known = 0;
	for (unsigned site = 0; site < SITES; site++)
		known += frames_of(sites, site, which, 1, &frames);
	if (known && !add_all(line, sites, which, FRAMES_MAX))
		add_all(line, sites, which, 1);
}

/* Whose call each event is about. */
uint32_t event_json_sites_of(enum event_kind kind, enum by by)
{
	switch (kind) {
	case EVENT_READ_FAILED:
		return 1u << SITE_READ;
	case EVENT_WRITE_INCOMPLETE:
		return 1u << SITE_WRITE;
	case EVENT_LATE_CALL:
		return 1u << SITE_SSL_SHUTDOWN | 1u << SITE_SSL_FREE | 1u << SITE_CLOSE | 1u << SITE_READ |
		       1u << SITE_WRITE;
	case EVENT_NOTIFY:
		return by == BY_PROGRAM ? 1u << SITE_SSL_SHUTDOWN : 0;
	case EVENT_END:
		return (1u << SITES) - 1;
	default:
		return 0;
	}
}

void event_json_sites_line(struct text *line, const struct event *event)
{
	enum by by = event->kind == EVENT_NOTIFY ? event->step.by : BY_NOBODY;
	event_json_open(line, event);
	if (event->sites)
		add_sites_that_fit(line, event->sites, event_json_sites_of(event->kind, by));
	json_end(line);
}

size_t event_json_sites_render(char *bytes, size_t size, const struct sites *sites, uint32_t which)
{
	struct text text = text_in(bytes, size);
	add_sites_that_fit(&text, sites, which);
	return text.length;
}
