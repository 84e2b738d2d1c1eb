/* SPDX-License-Identifier: MIT */
/*
 * One table for all: the parser looks a key up by a hash, the copier goes along the strings.
 */
#include "fields.h"

#include <string.h>

#define FIELD(name, type, member)                                                                            \
	{                                                                                                    \
		name, type, offsetof(struct record, member), sizeof(name) - 1                                \
	}
#define ROOM(name, type)                                                                                     \
	{                                                                                                    \
		name, type, 0, sizeof(name) - 1                                                              \
	}
const struct field fields[] = {
	ROOM("v", SCHEMA),
	FIELD("event", STRING, event),
	FIELD("time", TIME, time),
	FIELD("program", STRING, program),
	FIELD("pid", COUNT, pid),
	FIELD("mode", STRING, mode),
	FIELD("level", STRING, level),
	FIELD("id", STRING, id),
	FIELD("fd", NUMBER, fd),
	FIELD("transport", STRING, transport),
	FIELD("local", STRING, local),
	FIELD("peer", STRING, peer),
	FIELD("role", STRING, role),
	FIELD("version", STRING, version),
	FIELD("cipher", STRING, cipher),
	FIELD("resumed", TRUTH, resumed),
	FIELD("call", STRING, call),
	FIELD("error", STRING, error),
	FIELD("errno", STRING, error_number),
	FIELD("reason", STRING, reason),
	FIELD("cause", STRING, cause),
	FIELD("alert", STRING, alert),
	FIELD("requested", COUNT, requested),
	FIELD("certain", TRUTH, certain),
	FIELD("by", STRING, by),
	FIELD("result", STRING, result),
	FIELD("way", STRING, way),
	FIELD("other", STRING, other),
	FIELD("held_back", TRUTH, held_back),
	FIELD("signal", STRING, signal),
	FIELD("why", STRING, why),
	FIELD("ended_by", STRING, ended_by),
	FIELD("bytes", COUNT, bytes),
	FIELD("doors", DOORS, doors),
	FIELD("called_shutdown", TRUTH, called_shutdown),
	FIELD("close_notify", STRING, close_notify),
	FIELD("would_notify", TRUTH, would_notify),
	FIELD("handshake", TRUTH, handshake),
	FIELD("bytes_read", COUNT, bytes_read),
	FIELD("bytes_written", COUNT, bytes_written),
	FIELD("bytes_partial", TRUTH, bytes_partial),
	FIELD("unread", COUNT, unread),
	FIELD("unread_tls", COUNT, unread_tls),
	FIELD("never_read", COUNT, never_read),
	FIELD("unflushed", COUNT, unflushed),
	FIELD("unfinished", COUNT, unfinished),
	FIELD("unsent", COUNT, unsent),
	FIELD("not_sent", COUNT, not_sent),
	FIELD("will_reset", STRING, will_reset),
	FIELD("abort_meant", TRUTH, abort_meant),
	FIELD("completed_record", TRUTH, completed_record),
	FIELD("half_closed", TRUTH, half_closed),
	FIELD("drained", COUNT, drained),
	FIELD("drain_us", COUNT, drain_us),
	FIELD("peer_notified", TRUTH, peer_notified),
	FIELD("peer_hidden", STRING, peer_hidden),
	FIELD("peer_end", STRING, peer_end),
	FIELD("verdict", STRING, verdict),
	FIELD("data", STRING, data),
	FIELD("lost_bytes", COUNT, lost_bytes),
	FIELD("faults", FAULT_LIST, faults),
	FIELD("us", COUNT, us),
	FIELD("count", COUNT, count),
	FIELD("text", STRING, text),
	ROOM("objects", OBJECT_LIST),
	ROOM("sites", SITE_LIST),
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

const size_t fields_count = FIELDS;

enum { SLOTS = 256 };
static const struct field *slots[SLOTS];

/* Chosen so that today no two fields meet; if ever two do, the next place takes the second. */
static size_t slot_of(const char *name, size_t length)
{
	const unsigned char *n = (const unsigned char *)name;

	return (length * 6 + n[0] * 27U + n[length / 2] * 37U + n[length - 1] * 3U) % SLOTS;
}

static void __attribute__((constructor)) fill_slots(void)
{
	for (size_t i = 0; i < FIELDS; i++) {
		size_t slot = slot_of(fields[i].name, fields[i].length);

		while (slots[slot])
			slot = (slot + 1) % SLOTS;
		slots[slot] = &fields[i];
	}
}

const struct field *fields_find(const char *name, size_t length)
{
	if (length == 0)
		return NULL;
	for (size_t slot = slot_of(name, length); slots[slot]; slot = (slot + 1) % SLOTS)
		if (slots[slot]->length == length && memcmp(slots[slot]->name, name, length) == 0)
			return slots[slot];
	return NULL;
}

void fields_blank(struct record *blank)
{
	memset(blank, 0, sizeof(*blank));
	for (size_t i = 0; i < FIELDS; i++) {
		char *place = (char *)blank + fields[i].offset;

		if (fields[i].type == TRUTH)
			*(int *)place = UNSAID;
		else if (fields[i].type == COUNT || fields[i].type == NUMBER)
			*(int64_t *)place = UNSAID;
	}
}

const char **fields_text(struct record *record, const struct field *field)
{
	if (field->type != STRING && field->type != DOORS)
		return NULL;
	return (const char **)((char *)record + field->offset);
}
