/* SPDX-License-Identifier: MIT */
/*
 * See words_place.h. Apart from words.c, which source.c needs as well.
 */
#include "words_place.h"

#include <inttypes.h>
#include <string.h>

#include "words.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

char *words_place_of_frame(const struct frame *frame, struct source *source)
{
	const struct place *place = source_resolve(source, frame);

	if (place->file && place->function)
		return words("%s:%d, in %s()", base_name(place->file), place->line, place->function);
	if (place->file)
		return words("%s:%d", base_name(place->file), place->line);
	if (!place->object)
		return words("0x%" PRIx64 ", in no object", frame->offset);
	if (place->function) /* by its symbol: "serve+0x12" */
		return words("%s, in %s", place->function, base_name(place->object));
	return words("%s+0x%" PRIx64, base_name(place->object), frame->offset);
}

char *words_place(const struct site *site, struct source *source)
{
	return site && site->count && source ? words_place_of_frame(&site->frames[0], source) : NULL;
}
