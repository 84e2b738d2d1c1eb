/* SPDX-License-Identifier: MIT */
/* The command line of `judge serve` and `judge connect`, parsed into a script; misuse ends the process with 2. */
#ifndef TLSBYE_JUDGE_OPTIONS_H
#define TLSBYE_JUDGE_OPTIONS_H

#include "judge/script.h"

void options_parse(struct script *script, bool server, int argc, char **argv);

#endif
