/* SPDX-License-Identifier: MIT */
/*
 * shutdown(2): close_notify must be on its way before the FIN.
 *
 * Rules: async-signal-safe; OpenSSL is called only where no signal handler can be running.
 */
#ifndef TLSBYE_FD_SHUTDOWN_H
#define TLSBYE_FD_SHUTDOWN_H

#include "connection/connection.h"

/*
 * What is left to be done by the real call: as it was asked for; SHUT_WR instead of SHUT_RDWR (shutdown_both.h); or
 * nothing, where the FIN will be sent later, by us.
 */
enum { NOTHING_LEFT = -1 };
int fd_shutdown_before(int fd, int how, struct call call);

/*
 * The real call has failed: its result. Without us a child's end of a connection is none for the kernel; with us the peer may have
 * answered its FIN, and there is nothing left to shut. Once: then it is the program's own end.
 */
int fd_shutdown_failed(int fd, int saved);

/*
 * A BIO_s_connect that is freed calls shutdown(SHUT_RDWR), and close right after it. The first would make whatever the peer
 * still sends a reset; what it is for, the second does. True: leave it out.
 */
bool fd_shutdown_closes_next(int fd, int how, void *caller);

#endif
