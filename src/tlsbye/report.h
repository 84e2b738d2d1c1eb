/* SPDX-License-Identifier: MIT */
/*
 * tlsbye report FILE...: what the events of a log come to.
 */
#ifndef TLSBYE_REPORT_H
#define TLSBYE_REPORT_H

int report_command(int argc, char **argv);

#endif
