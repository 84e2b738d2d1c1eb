/* SPDX-License-Identifier: MIT */
/*
 * tlsbye report FILE...: what the events of a log come to.
 */
#ifndef TLSBYE_REPORT_H
#define TLSBYE_REPORT_H

#include <stdint.h>

/* So many lines are known not to be in the log: before report_command(). */
void report_lines_lost(uint64_t lines);

int report_command(int argc, char **argv);

#endif
