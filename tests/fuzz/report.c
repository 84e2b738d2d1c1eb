/* SPDX-License-Identifier: MIT */
/*
 * The report: a log is read and shown in every way that `tlsbye report` has (src/tlsbye/report).
 *
 * Input: the log, as a file. Of its connections 1.1 is the one that is drawn. The page is made where its size is a multiple of 4.
 * Rules: what is shown is plain text, whatever stands in the log; the JSON is JSON; each line is an event or is skipped.
 */
#include "fuzz.h"

#include "tlsbye/report/html.h"
#include "tlsbye/report/json.h"
#include "tlsbye/report/ladder.h"
#include "tlsbye/report/log_reader.h"
#include "tlsbye/report/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <yajl/yajl_parse.h>

#define CONNECTION "1.1"

enum { STORIES = 3 };

static void read_log(int fd, struct model *model, record_fn *tell, struct report **report,
		     struct log_reader **reader)
{
	struct progress progress = {0};
	*reader = log_reader_new(tell, model, &progress);
	fuzz_must(*reader && lseek(fd, 0, SEEK_SET) == 0);
	log_reader_read(*reader, fd, "log", -1);
	if (!report)
		return;
	*report = model_report(model);
	log_reader_account(*reader, *report);
}

static bool is_json(const char *bytes, size_t size)
{
	yajl_handle yajl = yajl_alloc(NULL, NULL, NULL);
	bool good = yajl_parse(yajl, (const unsigned char *)bytes, size) == yajl_status_ok &&
		    yajl_complete_parse(yajl) == yajl_status_ok;
	yajl_free(yajl);
	return good;
}

typedef void show_fn(FILE *out, const struct report *report, struct source *source);

static void as_summary(FILE *out, const struct report *report, struct source *source)
{
	summary_print(out, report, source, (struct screen){.width = 80});
}

static void as_lines(FILE *out, const struct report *report, struct source *source)
{
	(void)source;
	summary_lines(out, report);
}

static void as_page(FILE *out, const struct report *report, struct source *source)
{
	fuzz_must(html_write(out, report, source));
}

static void as_ladder(FILE *out, const struct report *report, struct source *source)
{
	if (report->chosen_count)
		ladder_chosen_print(out, report, CONNECTION, source, false, 100);
}

static void show(show_fn *as, const struct report *report, struct source *source)
{
	char *bytes = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&bytes, &size);
	fuzz_must(out);
	as(out, report, source);
	fclose(out);
	fuzz_must(fuzz_is_plain(bytes, size, "\n\t"));
	fuzz_must(as != json_write || is_json(bytes, size));
	free(bytes);
}

/* What stands before a newline, or before the end, is one line. */
static uint64_t lines_of(const uint8_t *data, size_t size)
{
	uint64_t lines = size && data[size - 1] != '\n';
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	return lines;
}

static void report_on(int fd, const char *connection, bool page, uint64_t lines)
{
	struct model *model = model_new(connection, STORIES);
	struct source *source = source_open();
	struct log_reader *reader, *again = NULL;
	struct report *report;
	const char *name = "log";
	fuzz_must(model && source);
	if (page) {
		read_log(fd, model, model_add, NULL, &again);
		log_reader_free(again);
		model_choose(model);
		read_log(fd, model, model_add_event, &report, &reader);
	} else {
		read_log(fd, model, model_add, &report, &reader);
		fuzz_must(report->lines <= lines);
		fuzz_must(report->totals.events <= report->lines);
	}
	report->files = &name;
	report->files_count = 1;
	show(as_summary, report, source);
	show(json_write, report, source);
	show(as_lines, report, source);
	show(as_ladder, report, source);
	if (page)
		show(as_page, report, source);
	source_close(source);
	log_reader_free(reader);
	model_free(model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int before = fuzz_lowest_descriptor(), fd = memfd_create("log", MFD_CLOEXEC);
	fuzz_must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	report_on(fd, CONNECTION, false, lines_of(data, size));
	if (size % 4 == 0)
		report_on(fd, NULL, true, 0); /* the slow one */
	close(fd);
	fuzz_must(fuzz_lowest_descriptor() == before);
	return 0;
}
