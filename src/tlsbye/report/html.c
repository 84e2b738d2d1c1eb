/* SPDX-License-Identifier: MIT */
/*
 * The page (html.h): its frame, and how it becomes a file.
 *
 * A log is hostile text (html_text.c). Should something slip through all the same, the page's own policy still lets no
 * script run and nothing be loaded: what may run and what may style carries a number that was drawn for this page,
 * after the log was written.
 */
#include "html.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"

#include "../cli.h"
#include "html_parts.h"
#include "page.h"
#include "words.h"

/* --- the frame --- */

static void draw_nonce(char nonce[33])
{
	unsigned char bytes[16] = {0};

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		memset(bytes, 0, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(nonce + 2 * i, 3, "%02x", bytes[i]);
}

static void put_head(FILE *out, const char *nonce)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", out);
	fprintf(out,
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'nonce-%s'; "
		"script-src 'nonce-%s'; img-src data:; base-uri 'none'; form-action 'none'\">\n",
		nonce, nonce);
	fputs("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
	      "<meta name=\"generator\" content=\"" PACKAGE_STRING "\">\n"
	      "<title>How connections ended</title>\n",
	      out);
	fprintf(out, "<style nonce=\"%s\">\n", nonce);
	fputs(page_css, out);
	fputs("</style>\n</head>\n", out);
}

static void put_header(const struct page *page)
{
	const struct report *report = page->report;
	char span[SPAN_SIZE], number[NUMBER_SIZE];
	FILE *out = page->out;

	fputs("<body>\n<header>\n<h1>How connections ended</h1>\n<p class=\"soft\">", out);
	for (size_t i = 0; i < report->files_count && i < 3; i++)
		html_text_put(out, i ? ", <code>" : "<code>", report->files[i], "</code>");
	if (report->files_count > 3)
		fprintf(out, " and %zu more", report->files_count - 3);
	fprintf(out, ": %s %s", words_number(number, report->totals.events),
		report->totals.events == 1 ? "event" : "events");
	if (report->totals.first > 0)
		fprintf(out, ", %s", words_span(span, report->totals.first, report->totals.last));
	fputs(".</p>\n</header>\n<main>\n", out);
}

static void put_foot(FILE *out, const char *nonce)
{
	fputs("</main>\n<footer>Made by <code>tlsbye report --html</code> (" PACKAGE_STRING
	      "). What the events mean stands in <code>tlsbye-events(5)</code>.</footer>\n",
	      out);
	fprintf(out, "<script nonce=\"%s\">\n", nonce);
	fputs(page_js, out);
	fputs("</script>\n</body>\n</html>\n", out);
}

bool html_write(FILE *out, const struct report *report, struct source *source)
{
	struct page page = {.out = out, .report = report, .source = source};
	char nonce[33];

	if (!html_stories_choose(&page)) {
		free(page.stories);
		errno = ENOMEM;
		return false;
	}
	draw_nonce(nonce);
	put_head(out, nonce);
	put_header(&page);
	html_totals(&page);
	html_groups(&page);
	html_table(&page);
	html_chart(&page);
	html_totals_skipped(&page);
	put_foot(out, nonce);
	free(page.stories);
	return fflush(out) == 0 && !ferror(out);
}

/* --- the file --- */

/* What is no regular file (/dev/stdout, a pipe) cannot be replaced: it is written to. */
static bool write_in_place(const char *path, const struct report *report, struct source *source)
{
	FILE *out = fopen(path, "we");
	bool written = out && html_write(out, report, source);

	if (out && fclose(out))
		written = false;
	return written;
}

static bool write_and_rename(const char *path, const struct report *report, struct source *source)
{
	char *beside = words("%s.XXXXXX", path);
	mode_t mask = umask(0);
	int fd = beside ? mkostemp(beside, O_CLOEXEC) : -1;
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
	int error;

	umask(mask);
	bool written = out && fchmod(fd, 0666 & ~mask) == 0 && html_write(out, report, source);
	error = errno;
	if (out && fclose(out) && written) {
		written = false;
		error = errno;
	}
	if (written && rename(beside, path)) {
		written = false;
		error = errno;
	}
	if (!written && fd >= 0)
		unlink(beside);
	free(beside);
	errno = error;
	return written;
}

bool html_save(const char *path, const struct report *report, struct source *source)
{
	struct stat st;
	bool there = stat(path, &st) == 0;
	char *target = there ? realpath(path, NULL) : strdup(path); /* a link stays one */
	bool saved = target && (there && !S_ISREG(st.st_mode) ? write_in_place(path, report, source)
							      : write_and_rename(target, report, source));

	if (!saved)
		cli_say("%s: the page cannot be written (%m)%s", path,
			errno == ENOENT || errno == ENOTDIR ? "; its folder has to be there" : "");
	free(target);
	return saved;
}
