/* SPDX-License-Identifier: MIT */
/*
 * What waits for the first connection of the process: most processes of a tree never have one.
 *
 * Rules: ordinary code; once, and cheap afterwards.
 */
#ifndef TLSBYE_FIRST_CONNECTION_H
#define TLSBYE_FIRST_CONNECTION_H

void first_connection_begins(void);

#endif
