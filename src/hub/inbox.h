/* SPDX-License-Identifier: MIT */
/*
 * What comes in: a connection is accepted, says one message (message.h), and is closed. Nearly always the message is there
 * by then; who has connected and said nothing yet is waited for, a second at most, and only so many at once.
 *
 * Rules: nothing waits. What is not believed is dropped, its descriptors closed, and counted by cause.
 */
#ifndef TLSBYE_INBOX_H
#define TLSBYE_INBOX_H

#include "hub/message_check.h"

/* Sockets that are bound: they listen from here on. -1: none. False: not one of them does. */
bool inbox_begin(const int sockets[2], const unsigned char token[TOKEN_BYTES]);

/* Everything that was sent before now is taken. */
void inbox_take_all(void);

/* Nobody else is let in, and what was sent before is taken. */
void inbox_end(void);

/* Ends those that said nothing; when to come again, or UINT64_MAX. */
uint64_t inbox_look(uint64_t now_us);

/* Connections that are waited for. */
unsigned inbox_waiting(void);

uint64_t inbox_dropped(enum message_fault fault);

#endif
