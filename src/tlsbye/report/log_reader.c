/* SPDX-License-Identifier: MIT */
/*
 * Blocks are read, lines cut out of them, each line given to the parser.
 *
 * A log is what several processes append to, and what programs write beside it. So an event may stand behind other text on
 * its line (a syslog's prefix, a prompt without a newline), or behind the beginning of an event whose writer died: the line
 * is read from the last place where an event begins. A log that was truncated while somebody wrote has a hole of NUL bytes.
 * Rules: memory is the buffer, however long a line is. Nothing that stands in a file ends the reading of it.
 */
#include "log_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cli.h"

#define BUFFER_SIZE (8 * LINE_LIMIT)
#define BEGINNING   "{\"v\":"  /* of an event, as the object writes it */
#define TEXT_LINE   "tlsbye: " /* how a line of LOG_FORMAT=text begins */

enum skip_reason {
	CUT,
	NOT_JSON,
	NOT_OBJECT,
	NO_EVENT,
	NEWER,
	WRONG_TYPE,
	MISSING,
	TEXT_FORMAT,
	OTHER_OUTPUT,
	NUL_BYTES,
	TOO_LONG,
	REASONS
};

static const struct {
	const char *reason, *hint;
} reasons[REASONS] = {
	[CUT] = {"cut in the middle of an event", NULL},
	[NOT_JSON] = {"begins like an event, but is not JSON", NULL},
	[NOT_OBJECT] = {"JSON, but not an object", NULL},
	[NO_EVENT] = {"JSON, but not an event of tlsbye", NULL},
	[NEWER] = {"of a newer schema", "a newer tlsbye reads them"},
	[WRONG_TYPE] = {"an event with a value of the wrong type", NULL},
	[MISSING] = {"an event without a key that it must have", NULL},
	[TEXT_FORMAT] = {"events as text, for people", "write the log with --log-format=json"},
	[OTHER_OUTPUT] = {"other output", "--log=FILE keeps the events apart"},
	[NUL_BYTES] = {"NUL bytes", NULL},
	[TOO_LONG] = {"longer than 64 KiB", NULL},
};

struct log_reader {
	record_fn *tell;
	void *context;
	struct progress *progress;
	struct parser *parser;

	uint64_t bytes, lines, lines_skipped;
	struct skipped skipped[REASONS];

	const char *name; /* of the file that is being read */
	uint64_t line;    /* the number of its line */
	bool overlong;    /* the rest of this line is passed over */
	bool hole;        /* it begins with NUL bytes, which are counted already */
	size_t used;
	char buffer[BUFFER_SIZE + 1]; /* and a newline behind the last line */
};

struct log_reader *log_reader_new(record_fn *tell, void *context, struct progress *progress)
{
	struct log_reader *reader = calloc(1, sizeof(*reader));
	struct parser *parser = parse_new();

	if (!reader || !parser) {
		free(reader);
		parse_free(parser);
		return NULL;
	}
	reader->tell = tell;
	reader->context = context;
	reader->progress = progress;
	reader->parser = parser;
	return reader;
}

void log_reader_free(struct log_reader *reader)
{
	if (reader)
		parse_free(reader->parser);
	free(reader);
}

static void skip(struct log_reader *reader, enum skip_reason reason, uint64_t line)
{
	struct skipped *skipped = &reader->skipped[reason];

	reader->lines_skipped++;
	if (skipped->lines++ == 0)
		*skipped =
			(struct skipped){reasons[reason].reason, reasons[reason].hint, 1, reader->name, line};
}

static bool try_event(struct log_reader *reader, const char *line, size_t length, enum parsed *parsed)
{
	const struct record *record;

	*parsed = parse_line(reader->parser, line, length, &record);
	if (*parsed == PARSED_EVENT)
		reader->tell(reader->context, record);
	return *parsed == PARSED_EVENT;
}

/* "tlsbye: program[pid] ..."; what the command itself has to say begins alike, but names no process. */
static bool is_text_event(const char *line, size_t length)
{
	const char *bracket = memchr(line, '[', length), *end = line + length;

	if (length < strlen(TEXT_LINE) || memcmp(line, TEXT_LINE, strlen(TEXT_LINE)) != 0 || !bracket)
		return false;
	do
		bracket++;
	while (bracket < end && *bracket >= '0' && *bracket <= '9');
	return bracket < end && *bracket == ']';
}

static enum skip_reason reason_of(const char *line, size_t length, enum parsed parsed)
{
	static const enum skip_reason of_object[] = {
		[PARSED_CUT] = CUT,           [PARSED_NOT_JSON] = NOT_JSON, [PARSED_NOT_OBJECT] = NOT_OBJECT,
		[PARSED_NO_EVENT] = NO_EVENT, [PARSED_NEWER] = NEWER,       [PARSED_WRONG_TYPE] = WRONG_TYPE,
		[PARSED_MISSING] = MISSING};

	if (memchr(line, '\0', length))
		return NUL_BYTES;
	if (*line == '{' || parsed == PARSED_NOT_OBJECT)
		return of_object[parsed];
	if (is_text_event(line, length))
		return TEXT_FORMAT;
	return OTHER_OUTPUT;
}

/* The last place behind the first byte where an event begins, or NULL. */
static const char *last_beginning(const char *line, size_t length)
{
	const char *found = NULL, *at = line + 1;

	while ((at = memmem(at, length - (size_t)(at - line), BEGINNING, strlen(BEGINNING))))
		found = at++;
	return found;
}

static bool blank(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!strchr(" \t\r", line[i]) || line[i] == '\0')
			return false;
	return true;
}

/* A newline, or the end of the buffer, follows the line. */
static void take_line(struct log_reader *reader, const char *line, size_t length)
{
	const char *later;
	enum parsed parsed, parsed_later;

	if (blank(line, length))
		return;
	if (length > LINE_LIMIT) {
		skip(reader, TOO_LONG, reader->line);
		return;
	}
	if (try_event(reader, line, length, &parsed))
		return;
	later = last_beginning(line, length);
	if (!later || !try_event(reader, later, length - (size_t)(later - line), &parsed_later)) {
		/* What follows other text says better what the line is. */
		if (later && *line != '{' && parsed != PARSED_NOT_OBJECT)
			skip(reader, reason_of(later, length - (size_t)(later - line), parsed_later),
			     reader->line);
		else
			skip(reader, reason_of(line, length, parsed), reader->line);
	} else if (*line == '{') {
		skip(reader, CUT, reader->line); /* its writer did not come to the newline */
	}
}

/* A hole: those who append go on where they were, after somebody has made the file empty. Of any length, it counts once. */
static char *pass_hole(struct log_reader *reader, char *line, char *end)
{
	if (line >= end || *line != '\0' || reader->overlong)
		return line;
	if (!reader->hole)
		skip(reader, NUL_BYTES, reader->line + 1);
	reader->hole = true;
	while (line < end && *line == '\0')
		line++;
	return line;
}

/* All lines of the buffer that are complete; what remains of the last one moves to its beginning. */
static void take_lines(struct log_reader *reader)
{
	char *line = reader->buffer, *end = reader->buffer + reader->used;

	for (;;) {
		char *newline;

		line = pass_hole(reader, line, end);
		newline = memchr(line, '\n', (size_t)(end - line));
		if (!newline)
			break;
		reader->line++;
		if (reader->overlong)
			skip(reader, TOO_LONG, reader->line);
		else
			take_line(reader, line, (size_t)(newline - line));
		reader->overlong = reader->hole = false;
		line = newline + 1;
	}
	reader->used = (size_t)(end - line);
	if (reader->used > LINE_LIMIT)
		reader->overlong = true;
	if (reader->overlong)
		reader->used = 0;
	memmove(reader->buffer, line, reader->used);
}

/* The last line has no newline: cut, or about to be written. */
static void take_rest(struct log_reader *reader)
{
	if (reader->used == 0 && !reader->overlong && !reader->hole)
		return;
	reader->buffer[reader->used++] = '\n';
	take_lines(reader);
}

/* A rotated log is often compressed; read as it is, it would be nothing but lines of other output. */
static const char *unpacker(const char *bytes, size_t length)
{
	static const struct {
		const char *magic, *command;
	} known[] = {{"\x1f\x8b", "zcat"},
		     {"\xfd"
		      "7zXZ",
		      "xzcat"},
		     {"(\xb5/\xfd", "zstdcat"},
		     {"BZh", "bzcat"}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (length >= strlen(known[i].magic) &&
		    memcmp(bytes, known[i].magic, strlen(known[i].magic)) == 0)
			return known[i].command;
	return NULL;
}

static bool write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, bytes, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		bytes += written;
		size -= (size_t)written;
	}
	return true;
}

/* 1: go on, 0: it is at its end, -1: it cannot be read on. */
static int read_block(struct log_reader *reader, int fd, int copy, bool first)
{
	char *start = reader->buffer + reader->used;
	ssize_t got = read(fd, start, BUFFER_SIZE - reader->used);
	const char *command;

	if (got < 0 && errno == EINTR)
		return 1;
	if (got < 0) {
		cli_say("%s: cannot be read (%m)", reader->name);
		return -1;
	}
	command = first ? unpacker(start, (size_t)got) : NULL;
	if (command) {
		cli_say("%s: compressed; next: %s %s | tlsbye report -", reader->name, command, reader->name);
		return -1;
	}
	if (copy >= 0 && !write_all(copy, start, (size_t)got)) {
		cli_say("%s: cannot be kept in a temporary file (%m)", reader->name);
		return -1;
	}
	reader->used += (size_t)got;
	reader->bytes += (uint64_t)got;
	progress_add(reader->progress, (uint64_t)got);
	return got > 0;
}

bool log_reader_read(struct log_reader *reader, int fd, const char *name, int copy)
{
	bool first = true;
	int going;

	reader->name = name;
	reader->line = 0;
	reader->used = 0;
	reader->overlong = reader->hole = false;
	while ((going = read_block(reader, fd, copy, first)) > 0) {
		take_lines(reader);
		first = false;
	}
	if (!first)
		take_rest(reader);
	reader->lines += reader->line;
	return going == 0;
}

void log_reader_account(const struct log_reader *reader, struct report *report)
{
	report->bytes = reader->bytes;
	report->lines = reader->lines;
	report->lines_skipped = reader->lines_skipped;
	report->skipped = reader->skipped;
	report->skipped_count = REASONS;
}
