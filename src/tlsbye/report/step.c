/* SPDX-License-Identifier: MIT */
/*
 * See step.h. Without memory the making goes on with spare steps, and steps_of() throws all of it away.
 */
#include "step.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "words_place.h"

struct step *step_add(struct making *m, enum lane from, enum lane to, enum tone tone)
{
	static struct step spare;
	struct steps *steps = m->steps;
	struct step *grown = reallocarray(steps->list, steps->count + 1, sizeof(*grown));

	if (!grown) {
		m->no_memory = true;
		memset(&spare, 0, sizeof(spare));
		return &spare;
	}
	steps->list = grown;
	grown += steps->count;
	*grown = (struct step){.ms = m->timed ? m->moment : -1,
			       .from = from,
			       .to = to,
			       .tone = tone,
			       .order = m->moment,
			       .sequence = steps->count++};
	return grown;
}

static char *format_text(struct making *m, const char *format, va_list args)
{
	char *text;

	if (m->no_memory || vasprintf(&text, format, args) < 0) {
		m->no_memory = true;
		return NULL;
	}
	return text;
}

void step_label(struct making *m, struct step *step, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	free(step->label);
	step->label = format_text(m, format, args);
	va_end(args);
}

void step_note(struct making *m, struct step *step, const char *format, ...)
{
	va_list args;

	for (int i = 0; i < STEP_NOTES; i++) {
		if (step->notes[i])
			continue;
		va_start(args, format);
		step->notes[i] = format_text(m, format, args);
		va_end(args);
		return;
	}
}

void step_place(struct making *m, struct step *step, const struct site *site)
{
	char *place = words_place(site, m->source);

	if (place)
		step_note(m, step, "%s", place);
	free(place);
}
