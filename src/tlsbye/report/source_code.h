/* SPDX-License-Identifier: MIT */
/*
 * One line out of a file of source whose name stands in debug information.
 */
#ifndef TLSBYE_REPORT_SOURCE_CODE_H
#define TLSBYE_REPORT_SOURCE_CODE_H

#include <time.h>

/*
 * The line, trimmed, to be freed; NULL where it cannot be read, and where the source was changed after the object was
 * built: its lines have moved.
 */
char *source_code(const char *path, int line, time_t built);

#endif
