/* SPDX-License-Identifier: MIT */
/* See hidden_calls.h. */
#include "connection/hidden_calls.h"

_Atomic bool hidden_calls_seen;
