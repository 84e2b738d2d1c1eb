/* SPDX-License-Identifier: MIT */
/*
 * The page (html.h): its frame, which connections it shows, and how it becomes a file.
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

/* --- which connections --- */

/* One with two faults stands in two groups, as the same story or as a copy. */
static int compare_stories(const void *a, const void *b)
{
	const struct connection_story *one = *(const struct connection_story *const *)a;
	const struct connection_story *other = *(const struct connection_story *const *)b;
	int ids = strcmp(one->id, other->id);

	return ids ? ids : one->begin < other->begin ? -1 : one->begin > other->begin;
}

struct found {
	const struct connection_story *story; /* first: compare_stories() reads it */
	size_t rank;                          /* among all groups' */
	bool again;
};

static int compare_found(const void *a, const void *b)
{
	const struct found *one = a, *other = b;
	int stories = compare_stories(&one->story, &other->story);

	return stories ? stories : one->rank < other->rank ? -1 : one->rank > other->rank;
}

static int compare_ranks(const void *a, const void *b)
{
	const struct found *one = a, *other = b;

	return one->rank < other->rank ? -1 : one->rank > other->rank;
}

static size_t count_stories(const struct report *report)
{
	size_t count = 0;

	for (size_t i = 0; i < report->groups_count; i++)
		count += report->groups[i]->stories_count;
	return count;
}

/*
 * The worst of every group first, then every group's second: where not all have room, each group should be seen.
 */
static size_t list_stories(const struct report *report, struct found *found)
{
	size_t count = 0;

	for (size_t i = 0; i < report->groups_count; i++)
		for (size_t j = 0; j < report->groups[i]->stories_count; j++)
			found[count++] = (struct found){.story = report->groups[i]->stories[j],
							.rank = j * report->groups_count + i};
	return count;
}

static bool choose_stories(struct page *page)
{
	size_t count = count_stories(page->report);
	struct found *found = calloc(count + 1, sizeof(*found));

	page->stories = calloc(PAGE_STORIES, sizeof(*page->stories));
	if (!found || !page->stories) {
		free(found);
		return false;
	}
	count = list_stories(page->report, found);
	qsort(found, count, sizeof(*found), compare_found);
	for (size_t i = 1; i < count; i++)
		found[i].again = compare_stories(&found[i - 1].story, &found[i].story) == 0;
	qsort(found, count, sizeof(*found), compare_ranks);
	for (size_t i = 0; i < count; i++) {
		if (found[i].again)
			continue;
		if (page->stories_count < PAGE_STORIES)
			page->stories[page->stories_count++] = found[i].story;
		else
			page->stories_left_out++;
	}
	free(found);
	return true;
}

size_t html_story_index(const struct page *page, const struct connection_story *story)
{
	size_t i = 0;

	while (i < page->stories_count && compare_stories(&page->stories[i], &story) != 0)
		i++;
	return i;
}

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
		html_put(out, i ? ", <code>" : "<code>", report->files[i], "</code>");
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

	if (!choose_stories(&page)) {
		free(page.stories);
		errno = ENOMEM;
		return false;
	}
	draw_nonce(nonce);
	put_head(out, nonce);
	put_header(&page);
	html_totals(&page);
	html_groups(&page);
	html_connections(&page);
	html_histogram(&page);
	html_skipped(&page);
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
