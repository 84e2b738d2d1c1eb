/* SPDX-License-Identifier: MIT */
/*
 * Where the lines go: stderr, or a file.
 *
 * stderr means the file that descriptor 2 was when the program started: a daemon uses the number 2 for a socket later,
 * so device and inode are asked before each line. A log file is the hub's; without one it is opened for each line: nothing
 * of ours stays in the program's descriptor table, and a file that was rotated away is left at once.
 *
 * Rules: async-signal-safe, never blocks: a line for a pipe that is full, or a terminal that is stopped, is dropped.
 */
#ifndef TLSBYE_LOG_H
#define TLSBYE_LOG_H

#include "sys/text.h"

#include <stdbool.h>

/* Constructor only. */
void log_init(void);

/* 0, or the errno with which the file cannot be opened for appending. */
int log_try(const char *path);

/* Do the lines go to stderr, and is descriptor 2 still that? Then it travels with what is handed over. */
bool log_goes_to_stderr(void);

/* Is descriptor 2 still what it was, wherever the lines go? */
bool log_has_stderr(void);

/* The file that a task of ours may open for its lines; NULL: there is none, or none that it could write to (chroot, user, limits). */
const char *log_file_of_task(void);

/* One line, ended by text_end_line. */
void log_write(const struct text *line);

#endif
