/* SPDX-License-Identifier: MIT */
/* See watch.h. */
#include "hub/watch.h"

#include <stdlib.h>
#include <sys/epoll.h>

enum { EVENTS_AT_ONCE = 64 };

/* What is retired is chained through its first bytes: nothing of it is used any more but source.ready, which is there. */
struct retired {
	struct source source;
	struct retired *next;
};

static int epoll = -1;
static struct retired *retired;

bool watch_begin(void)
{
	epoll = epoll_create1(EPOLL_CLOEXEC);
	return epoll >= 0;
}

static bool control(int how, int fd, uint32_t events, struct source *source)
{
	struct epoll_event event = {.events = events, .data.ptr = source};
	return epoll_ctl(epoll, how, fd, &event) == 0;
}

bool watch_add(int fd, uint32_t events, struct source *source)
{
	return control(EPOLL_CTL_ADD, fd, events, source);
}

bool watch_change(int fd, uint32_t events, struct source *source)
{
	return control(EPOLL_CTL_MOD, fd, events, source);
}

void watch_remove(int fd, struct source *source)
{
	control(EPOLL_CTL_DEL, fd, 0, source);
	source->ready = NULL;
}

void watch_retire(void *memory)
{
	struct retired *one = memory;
	one->source.ready = NULL;
	one->next = retired;
	retired = one;
}

static void free_retired(void)
{
	while (retired) {
		struct retired *next = retired->next;
		free(retired);
		retired = next;
	}
}

void watch_round(int milliseconds)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int count = epoll_wait(epoll, events, EVENTS_AT_ONCE, milliseconds);
	for (int i = 0; i < count; i++) {
		struct source *source = events[i].data.ptr;
		if (source->ready)
			source->ready(source, events[i].events);
	}
	free_retired();
}
