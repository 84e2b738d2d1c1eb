/* SPDX-License-Identifier: MIT */
/*
 * A read side that the program shut, shutdown(SHUT_RDWR), and that is kept open behind its back.
 *
 * Really shut, the kernel answers every further byte of the peer, even its close_notify, with a reset, which destroys
 * what is still on its way to it (tcp_rcv_state_process() in Linux). So only the writing side is shut, and the hooks of
 * read and its kin answer for the other: what was received before can be read, then comes the end. Whatever else the program
 * asks the kernel about the socket (poll, select, epoll) must be true: there the emulation ends, and the read side is shut; so
 * it is where libc is going to read, for a stream, out of sight of the hooks.
 *
 * Rules: all of it is async-signal-safe. It is emulated only where nobody can be waiting for the real end: no other thread,
 * nobody inside, one descriptor, no epoll set, no stream, and no other process.
 */
#ifndef TLSBYE_SHUTDOWN_BOTH_H
#define TLSBYE_SHUTDOWN_BOTH_H

#include "connection/connection.h"

#include <poll.h>
#include <sys/select.h>
#include <sys/uio.h>

/* How many connections of the process are emulated: the one question of those hooks, nearly always answered by 0. */
extern _Atomic uint32_t shutdown_both_emulated INTERNAL;

static inline bool shutdown_both_anywhere(void)
{
	return __builtin_expect(atomic_load_explicit(&shutdown_both_emulated, memory_order_relaxed) != 0,
				false);
}

/* Before shutdown(fd, SHUT_RDWR): true, and SHUT_WR is to be done instead; false: it has to be the real one. */
bool shutdown_both_emulate(struct connection *c, int fd);

/*
 * Must a read of so many bytes find the end? Counts them. Of other descriptors nothing of what the program hands to the kernel
 * is looked at: the kernel may refuse it.
 */
bool shutdown_both_is_at_end(int fd, size_t size);
bool shutdown_both_is_at_end_flags(int fd, size_t size, int flags);
bool shutdown_both_is_at_end_parts(int fd, const struct iovec *parts, size_t count);
bool shutdown_both_is_at_end_message(int fd, const struct msghdr *message, int flags);
bool shutdown_both_is_emulated(int fd);

/* The program asks the kernel: the play ends. */
void shutdown_both_really(int fd);
void shutdown_both_polled(const struct pollfd *polled, nfds_t count);
void shutdown_both_selected(int count, const fd_set *reading, const fd_set *writing, const fd_set *failing);

/* The last descriptor is going: the drain reads on, and nobody asks any more. */
void shutdown_both_forget(struct connection *c);

#endif
