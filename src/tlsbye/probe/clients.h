/* SPDX-License-Identifier: MIT */
/* tlsbye probe --listen: serves TLS, and judges how each client that connects ends its connection. */
#ifndef TLSBYE_PROBE_CLIENTS_H
#define TLSBYE_PROBE_CLIENTS_H

#include "plan.h"

/* The exit status: 0 all clean, 1 not, 2 not known. Everything has been printed. */
int clients_probe(const struct plan *plan);

#endif
