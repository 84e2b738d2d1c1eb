/* SPDX-License-Identifier: MIT */
/*
 * Which of an event's call sites is the one to be looked at.
 */
#ifndef TLSBYE_REPORT_GUILTY_H
#define TLSBYE_REPORT_GUILTY_H

#include "model.h"

/* NULL: the event has no sites. */
const struct site *guilty_site(enum group_kind kind, enum fault_place fault, const struct record *record);

/* The frame by which sites are told apart: the innermost in a known object. NULL: there is none. */
const struct frame *guilty_frame(const struct site *site);

#endif
