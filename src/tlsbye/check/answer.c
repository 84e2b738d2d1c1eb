/* SPDX-License-Identifier: MIT */
/*
 * The answer's lists, and its rendering for people: one line of verdict, the reasons, what to do.
 */
#include "answer.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../utf8.h"
#include "memory.h"

const char *answer_verdict_name(enum verdict verdict)
{
	static const char *const names[] = {[REACHABLE] = "reachable",
					    [IN_PART] = "reachable in part",
					    [OUT_OF_REACH] = "out of reach",
					    [NO_TLS] = "no TLS of OpenSSL's found",
					    [CANNOT_TELL] = "cannot be told"};
	return names[verdict];
}

static char *print(const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		text = memory_copy("");
	return text;
}

void answer_reason(struct answer *answer, const char *code, const char *format, ...)
{
	va_list args;

	answer->reasons = memory_grow(answer->reasons, answer->reason_count, sizeof(*answer->reasons));
	va_start(args, format);
	answer->reasons[answer->reason_count++] = (struct reason){code, print(format, args)};
	va_end(args);
}

void answer_next(struct answer *answer, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = print(format, args);
	va_end(args);
	for (size_t i = 0; i < answer->next_count; i++) {
		if (strcmp(answer->next[i], text) == 0) {
			free(text);
			return;
		}
	}
	answer->next = memory_grow(answer->next, answer->next_count, sizeof(*answer->next));
	answer->next[answer->next_count++] = text;
}

/* A file name may hold anything; a line stays a line, and a terminal is not commanded. */
static void put_line(FILE *out, const char *before, const char *text)
{
	char *line = memory_print("%s", text);

	utf8_clean(line, strlen(line));
	fprintf(out, "%s%s\n", before, line);
	free(line);
}

void answer_print(const struct answer *answer, FILE *out)
{
	char *head = answer->process
			     ? memory_print("%s: %d (%s)", answer_verdict_name(answer->verdict),
					    (int)answer->process->pid, answer->process->exe)
			     : memory_print("%s: %s", answer_verdict_name(answer->verdict), answer->path);

	put_line(out, "", head);
	for (size_t i = 0; i < answer->reason_count; i++)
		put_line(out, "  - ", answer->reasons[i].text);
	for (size_t i = 0; i < answer->next_count; i++)
		put_line(out, i == 0 ? "next: " : "      ", answer->next[i]);
	free(head);
}
