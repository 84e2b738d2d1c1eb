/* SPDX-License-Identifier: MIT */
/*
 * Sees through tail calls: `static void drop(c) { SSL_free(c->ssl); close(c->fd); }`, optimised, jumps to close(), and close()
 * returns to where drop() was called.
 */
#ifndef TLSBYE_REPORT_DEBUG_TAIL_CALL_H
#define TLSBYE_REPORT_DEBUG_TAIL_CALL_H

#include <elfutils/libdwfl.h>
#include <stdint.h>

/*
 * The address behind the jump to call, where the function that was called from in front of return_address ends by that
 * jump; 0 where it does not, where it cannot be known, and where there are several.
 */
uint64_t debug_tail_call(Dwfl_Module *module, uint64_t return_address, const char *call);

#endif
