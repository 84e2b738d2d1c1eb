/* SPDX-License-Identifier: MIT */
/*
 * The log file of the tree, which the hub alone has open: a program that changes its root or its user goes on logging.
 * And stderr, which travels with a hold.
 *
 * Rules: a line is one write. None waits: a line for a pipe that is full, or a terminal that is stopped, is lost, and
 * counted.
 */
#ifndef TLSBYE_HUB_LOG_H
#define TLSBYE_HUB_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In `tlsbye run`, as the user: -1 if it cannot be opened. */
int hub_log_open(const char *path);

/* In the hub. path "": there is no log file. The path is kept, not copied. */
void hub_log_begin(int fd, const char *path);

/* Is there a log file? */
bool hub_log_has_file(void);

void hub_log_line(const char *bytes, size_t length);

/* To somebody's stderr. */
void hub_log_line_to(int fd, const char *bytes, size_t length);

uint64_t hub_log_lost(void);

#endif
