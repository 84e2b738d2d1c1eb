/* SPDX-License-Identifier: MIT */
/*
 * Where connections come from: listening and accepting, or connecting; loopback only. Every wait is bounded by the
 * script's patience. -1 is a failure whose reason has been told on stderr.
 */
#ifndef TLSBYE_JUDGE_ENDPOINT_H
#define TLSBYE_JUDGE_ENDPOINT_H

#include "judge/script.h"

/* Listens, and then writes the port to the script's port file in one step: who can read it can connect. */
int endpoint_listen(const struct script *script);
int endpoint_accept(const struct script *script, int listener);
int endpoint_connect(const struct script *script);

#endif
