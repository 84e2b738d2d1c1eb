/* SPDX-License-Identifier: MIT */
/*
 * Shown from half a second on, ten times a second: who does not have to wait sees none.
 */
#include "progress.h"

#include <stdio.h>
#include <unistd.h>

enum { WIDTH = 40 };

static double seconds_since(const struct timespec *then, const struct timespec *now)
{
	return (double)(now->tv_sec - then->tv_sec) + (double)(now->tv_nsec - then->tv_nsec) / 1e9;
}

void progress_begin(struct progress *progress, uint64_t total)
{
	*progress = (struct progress){.total = total, .wanted = isatty(STDERR_FILENO)};
	clock_gettime(CLOCK_MONOTONIC, &progress->begin);
	progress->last = progress->begin;
}

static void show(const struct progress *progress, double seconds)
{
	double megabytes = (double)progress->done / 1e6;
	/* A log that grows while it is read is never more than all of it. */
	double part = progress->done < progress->total ? (double)progress->done / (double)progress->total : 1;
	int filled = (int)(part * WIDTH);

	if (progress->total > 0)
		fprintf(stderr, "\r\033[K[%.*s%*s] %3.0f%%  %.0f MB/s", filled,
			"########################################", WIDTH - filled, "", part * 100,
			megabytes / seconds);
	else
		fprintf(stderr, "\r\033[K%.0f MB  %.0f MB/s", megabytes, megabytes / seconds);
	fflush(stderr);
}

void progress_add(struct progress *progress, uint64_t bytes)
{
	struct timespec now;

	progress->done += bytes;
	if (!progress->wanted)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (seconds_since(&progress->begin, &now) < 0.5 || seconds_since(&progress->last, &now) < 0.1)
		return;
	progress->last = now;
	progress->shown = true;
	show(progress, seconds_since(&progress->begin, &now));
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}
