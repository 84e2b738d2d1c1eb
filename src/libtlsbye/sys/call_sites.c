/* SPDX-License-Identifier: MIT */
/*
 * See sites.h. glibc's backtrace() loads libgcc_s when it is first called, and allocates: so it is called once by the
 * constructor. Afterwards it walks by what stands in each object's .eh_frame, and takes no memory.
 *
 * Which object an address lies in is asked of the loader: since glibc 2.35 by _dl_find_object(), which takes no lock and
 * is async-signal-safe, as its manual has it; before by dl_iterate_phdr(), which does take one. close() and its like may
 * be called in a signal handler: there an older glibc walks no further than the caller.
 */
#include "sys/call_sites.h"

#include "sys/real_objects.h"
#include "sys/settings.h"

#include <errno.h>
#include <execinfo.h>
#include <gnu/libc-version.h>
#include <string.h>
#include <sys/mman.h>

struct traces {
	struct {
		unsigned count;
		uintptr_t frames[FRAMES_MAX];
	} of[SITES];
};

/* Frames of ours between the program and backtrace(): cut off by the address that the hook returns to. */
enum { OURS_MAX = 16 };

bool call_sites_walking;
static bool wanted, walking_in_handlers;

static bool comes_in_handlers(enum site site)
{
	return site == SITE_CLOSE || site == SITE_SHUTDOWN || site == SITE_LEAVE;
}

void call_sites_begin(void)
{
	void *frames[2];
	wanted = settings->mode != MODE_OFF && settings->log_format == FORMAT_JSON &&
		 settings->log_level >= LEVEL_INFO;
	if (!wanted)
		return;
	real_objects_refresh();
	call_sites_walking = settings->backtrace == ON && backtrace(frames, 2) > 0;
	walking_in_handlers = call_sites_walking && strverscmp(gnu_get_libc_version(), "2.35") >= 0;
}

void call_sites_refresh(void)
{
	if (wanted)
		real_objects_refresh();
}

static struct traces *map_traces(struct sites *sites)
{
	struct traces *mapped, *nothing = NULL;
	if (__atomic_load_n(&sites->traces, __ATOMIC_ACQUIRE))
		return sites->traces;
	mapped = mmap(NULL, sizeof *mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mapped == MAP_FAILED)
		return NULL;
	/* Another thread may note another site of the connection at the same time. */
	if (__atomic_compare_exchange_n(&sites->traces, &nothing, mapped, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return mapped;
	munmap(mapped, sizeof *mapped);
	return nothing;
}

/* A walk that does not come by the hook's caller (no unwind tables there) knows less than the hook. */
static void walk(struct sites *sites, enum site site, void *from)
{
	void *frames[OURS_MAX + FRAMES_MAX];
	int saved = errno, found = backtrace(frames, OURS_MAX + FRAMES_MAX), first = 0;
	struct traces *traces = map_traces(sites);
	errno = saved;
	while (first < found && frames[first] != from)
		first++;
	if (!traces)
		return;
	unsigned count = 0;
	while (first < found && count < FRAMES_MAX)
		traces->of[site].frames[count++] = (uintptr_t)frames[first++];
	traces->of[site].count = count;
}

void call_sites_walk(struct sites *sites, enum site site, void *from)
{
	if (walking_in_handlers || !comes_in_handlers(site))
		walk(sites, site, from);
}

unsigned call_sites_frames(const struct sites *sites, enum site site, const uintptr_t **frames)
{
	const struct traces *traces = __atomic_load_n(&sites->traces, __ATOMIC_ACQUIRE);
	if (traces && traces->of[site].count) {
		*frames = traces->of[site].frames;
		return traces->of[site].count;
	}
	*frames = (const uintptr_t *)&sites->at[site].from;
	return sites->at[site].from ? 1 : 0;
}

void call_sites_forget(struct sites *sites)
{
	if (sites->traces)
		munmap(sites->traces, sizeof *sites->traces);
	sites->traces = NULL;
}
