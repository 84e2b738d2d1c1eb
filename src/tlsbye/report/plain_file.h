/* SPDX-License-Identifier: MIT */
/*
 * Opens files whose names stand in a log or in debug information, that is: names that a stranger may have chosen.
 */
#ifndef TLSBYE_REPORT_PLAIN_FILE_H
#define TLSBYE_REPORT_PLAIN_FILE_H

#include <stdbool.h>
#include <sys/stat.h>

/*
 * A descriptor for reading, and what fstat() says; or -1, and why in a few words ("it is gone"). Opens regular files of
 * real file systems only: no FIFO to wait at, no device to wake, no file of /proc or /sys that does something when read.
 */
int plain_file_open(const char *path, struct stat *st, const char **why);

/* Would plain_file_open() refuse what is there? False where nothing is. */
bool plain_file_refused(const char *path);

#endif
