/* SPDX-License-Identifier: MIT */
/* See lines.h. */
#include "events/lines.h"

#include <stdatomic.h>
#include <sys/mman.h>

enum { LINES = 8 };

static char buffers[LINES][LINE_MAX_BYTES];
static atomic_flag taken[LINES];

bool lines_take(struct text *line)
{
	for (unsigned i = 0; i < LINES; i++) {
		if (!atomic_flag_test_and_set(&taken[i])) {
			*line = text_in(buffers[i], LINE_MAX_BYTES);
			return true;
		}
	}
	void *page = mmap(NULL, LINE_MAX_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return false;
	*line = text_in(page, LINE_MAX_BYTES);
	return true;
}

void lines_give_back(struct text *line)
{
	for (unsigned i = 0; i < LINES; i++) {
		if (line->bytes == buffers[i]) {
			atomic_flag_clear(&taken[i]);
			return;
		}
	}
	munmap(line->bytes, LINE_MAX_BYTES);
}
