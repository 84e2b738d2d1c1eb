/* SPDX-License-Identifier: MIT */
/* See teller.h. */
#include "hub/teller.h"

#include "events/event.h"
#include "hub/hub_log.h"
#include "sys/clock.h"

void teller_cut_short(const struct teller *teller)
{
	char bytes[LINE_MAX_BYTES];
	struct text line = text_in(bytes, sizeof bytes);
	struct event event = {.kind = EVENT_CUT_SHORT,
			      .level = LEVEL_WARN,
			      .mode = teller->mode,
			      .time_us = clock_of_day_us(),
			      .program = teller->program,
			      .pid = teller->pid};
	if (!teller->pid)
		return;
	if (teller->format == FORMAT_JSON)
		event_json(&line, &event);
	else
		event_text(&line, &event);
	hub_log_line(line.bytes, line.length);
}
