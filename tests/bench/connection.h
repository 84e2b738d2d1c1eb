/* SPDX-License-Identifier: MIT */
/*
 * What connection.c and its client agree on: how long a request and a reply are, so that each side knows when it
 * has read the other's message without reading further.
 */
#ifndef BENCH_CONNECTION_H
#define BENCH_CONNECTION_H

enum { REQUEST_BYTES = 100, REPLY_BYTES = 1024 };

#endif
