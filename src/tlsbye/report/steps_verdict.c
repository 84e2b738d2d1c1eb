/* SPDX-License-Identifier: MIT */
/*
 * The verdict of a connection in sentences, for somebody who has not read its steps: what the program did wrong, what
 * became of the data, what tlsbye did or would have done about it.
 */
#include "steps_make.h"

#include <stdio.h>
#include <string.h>

#include "vocabulary.h"
#include "words.h"

static bool is(const char *value, const char *code)
{
	return value && strcmp(value, code) == 0;
}

/* "closed the socket with bytes unread, and let go without SSL_shutdown()" */
static void say_faults(FILE *out, const struct record *end)
{
	unsigned left = end->faults & ((1U << FAULT_COUNT) - 1);

	if (!left)
		fputs("did not end the connection as it should", out);
	for (unsigned i = 0; i < FAULT_COUNT; i++) {
		enum fault_place fault = vocabulary_faults_by_loss[i];

		if (!(left & 1U << fault))
			continue;
		left &= ~(1U << fault);
		fputs(vocabulary_fault_clause(fault), out);
		if (left)
			fputs(left & (left - 1) ? ", " : ", and ", out);
	}
}

static void say_data(FILE *out, const struct record *end)
{
	char bytes[BYTES_SIZE];

	if (is(end->data, DATA_LOST_WORD) && end->lost_bytes > 0)
		fprintf(out, " At least %s that it wrote %s lost.", words_bytes(bytes, end->lost_bytes),
			end->lost_bytes == 1 ? "is" : "are");
	else if (is(end->data, DATA_LOST_WORD))
		fputs(" Data that it wrote is lost.", out);
	else if (is(end->data, DATA_SAFE_WORD))
		fputs(" What it wrote has arrived.", out);
	else if (is(end->data, DATA_UNKNOWN_WORD))
		fputs(" Whether all that it wrote has arrived is not known.", out);
}

static void say_ours(FILE *out, const struct record *end)
{
	char bytes[BYTES_SIZE];
	bool said = is(end->close_notify, BY_TLSBYE_WORD);

	fputs(" tlsbye ", out);
	if (end->completed_record > 0)
		fprintf(out, "completed the last record%s", said || end->half_closed > 0 ? ", " : "");
	if (said)
		fputs("said close_notify", out);
	if (end->half_closed > 0)
		fprintf(out, "%shalf-closed", said ? ", " : "");
	if (end->drained >= 0)
		fprintf(out, " and drained %s", words_bytes(bytes, end->drained));
	else if (!said && end->half_closed <= 0 && end->completed_record <= 0)
		fputs("mended it", out);
	fputs(".", out);
}

/* Of a wrong one: why was it not cured? */
static void say_uncured(FILE *out, const struct record *end)
{
	if (is(end->mode, "observe"))
		fputs(end->would_notify > 0
			      ? " Only observed: to cure it, tlsbye would have said close_notify, half-closed and drained."
			      : " Only observed.",
		      out);
	if (end->why && !is(end->why, ONLY_OBSERVED_WORD))
		fprintf(out, " No close_notify from tlsbye: %s.", vocabulary_reason_clause(end->why));
}

static enum tone judge_end(FILE *out, const struct record *end, bool failed)
{
	if (is(end->verdict, VERDICT_CLEAN_WORD)) {
		fputs(failed ? "Clean on this side: the program left nothing out. But a call of it had failed, see above."
			     : "Clean: nothing was missing.",
		      out);
		say_data(out, end);
		return is(end->data, DATA_LOST_WORD) ? TONE_LOST : failed ? TONE_PLAIN : TONE_GOOD;
	}
	if (is(end->verdict, VERDICT_FOREIGN_WORD)) {
		fputs("Not this process's alone: another holder may go on with it, and this copy of it was let go in silence.",
		      out);
		return TONE_PLAIN;
	}
	if (is(end->verdict, VERDICT_MEANT_WORD)) {
		fputs("An abort that was meant.", out);
		return TONE_PLAIN;
	}
	bool cured = is(end->verdict, VERDICT_CURED_WORD);
	fputs(cured ? "Cured: the program " : "Wrong: the program ", out);
	say_faults(out, end);
	fputs(".", out);
	if (cured)
		say_ours(out, end);
	say_data(out, end);
	if (!cured)
		say_uncured(out, end);
	return cured ? TONE_GOOD : is(end->data, DATA_LOST_WORD) ? TONE_LOST : TONE_MISSING;
}

static bool is_out_of_reach(const struct connection_story *story)
{
	return story->count && story->events[story->count - 1]->kind == EVENT_OUT_OF_REACH;
}

void steps_verdict_make(struct making *m)
{
	size_t size;
	FILE *out = open_memstream(&m->steps->words, &size);

	if (!out) {
		m->no_memory = true;
		return;
	}
	if (m->story->end)
		m->steps->tone = judge_end(out, m->story->end, m->failed);
	else if (is_out_of_reach(m->story))
		fputs("Not known: its TLS went through memory, and no socket of it is known.", out);
	else
		fputs("Without an end: the process was killed, the log is cut, or the connection still lives.",
		      out);
	fclose(out);
}
