/* SPDX-License-Identifier: MIT */
/*
 * What stands around the calls to TLS and decides about them all the same: a script that hands over, a library that loads more, a filter
 * of system calls, a sanitizer, the privileges of the file, the unit that starts it.
 */
#ifndef TLSBYE_CHECK_SURROUNDINGS_H
#define TLSBYE_CHECK_SURROUNDINGS_H

#include "answer.h"

/* Fills the answer's may_load_more, executes, and own_filter, and notes their reasons. */
void surroundings_note(struct answer *answer);

#endif
