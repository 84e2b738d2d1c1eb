/* SPDX-License-Identifier: MIT */
/*
 * Which connections the page shows, each once: PAGE_STORIES of them at most, and from every group some.
 */
#include <stdlib.h>
#include <string.h>

#include "html_parts.h"

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

bool html_stories_choose(struct page *page)
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

size_t html_stories_index(const struct page *page, const struct connection_story *story)
{
	size_t i = 0;

	while (i < page->stories_count && compare_stories(&page->stories[i], &story) != 0)
		i++;
	return i;
}
