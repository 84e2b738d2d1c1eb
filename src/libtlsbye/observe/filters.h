/* SPDX-License-Identifier: MIT */
/*
 * What stands between an SSL and its socket: filter BIOs, which may hold records that OpenSSL takes for written. What goes
 * past such a one overtakes them; what is thrown away with it never arrives.
 *
 * Rules: as close_notify.h. A BIO_f_buffer is known, and can be emptied; any other kind is left alone.
 */
#ifndef TLSBYE_FILTERS_H
#define TLSBYE_FILTERS_H

#include "connection/connection.h"

/* Would a record that goes past the filters break the stream? Not where a BIO_f_buffer is to be flushed first. */
bool filters_in_the_way(struct libssl *lib, BIO *top);

/* How many bytes are held by BIO_f_buffers, where there is nothing else above the socket; else 0. */
uint64_t filters_hold(struct libssl *lib, BIO *top);

/*
 * Flushes them into `sink`, which stands in the place of the socket's BIO meanwhile: the program's own could block, or raise
 * SIGPIPE. The sink must take all of it.
 */
void filters_flush(struct libssl *lib, BIO *top, BIO *sink);

#endif
