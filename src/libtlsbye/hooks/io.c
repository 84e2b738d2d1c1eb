/* SPDX-License-Identifier: MIT */
/*
 * The exported functions that read and write. Nearly always they are nothing but a jump to the real ones; what they are
 * here for stands in learn_socket.h and shutdown_both.h.
 *
 * Rules: these are the calls that every program makes most. Cancellation points and async-signal-safe, as the real ones
 * are, which is why those are called last, or their result is all that is looked at.
 */
#undef _FORTIFY_SOURCE   /* or the headers define some of these themselves */
#undef _FILE_OFFSET_BITS /* and give others other names (real.h) */
#undef _TIME_BITS
#include "sys/export.h"
#include "connection/copies.h"
#include "connection/descriptors.h"
#include "observe/learn_socket.h"
#include "release/shutdown_both.h"

/* The one question that nearly every reading call ends with: what comes after a yes is kept out of the way. */
static inline bool read_watched(void)
{
	return learn_socket_watches() || shutdown_both_anywhere();
}

SLOWLY static ssize_t read_watchfully(int fd, void *buf, size_t size)
{
	if (shutdown_both_is_at_end(fd, size))
		return 0;
	return learn_socket_seen(fd, buf, real.read(fd, buf, size));
}

EXPORT ssize_t read(int fd, void *buf, size_t size)
{
	if (read_watched())
		return read_watchfully(fd, buf, size);
	return real.read(fd, buf, size);
}

SLOWLY static ssize_t readv_watchfully(int fd, const struct iovec *parts, int count)
{
	if (shutdown_both_is_at_end_parts(fd, parts, (size_t)count))
		return 0;
	return learn_socket_seen_parts(fd, parts, (size_t)count, real.readv(fd, parts, count));
}

EXPORT ssize_t readv(int fd, const struct iovec *parts, int count)
{
	if (read_watched())
		return readv_watchfully(fd, parts, count);
	return real.readv(fd, parts, count);
}

SLOWLY static ssize_t recv_watchfully(int fd, void *buf, size_t size, int flags)
{
	if (shutdown_both_is_at_end_flags(fd, size, flags))
		return 0;
	return learn_socket_seen(fd, learn_socket_filled(buf, flags), real.recv(fd, buf, size, flags));
}

EXPORT ssize_t recv(int fd, void *buf, size_t size, int flags)
{
	if (read_watched())
		return recv_watchfully(fd, buf, size, flags);
	return real.recv(fd, buf, size, flags);
}

SLOWLY static ssize_t recvfrom_watchfully(int fd, void *restrict buf, size_t size, int flags,
					  __SOCKADDR_ARG from, socklen_t *restrict from_size)
{
	if (shutdown_both_is_at_end_flags(fd, size, flags))
		return 0;
	return learn_socket_seen(fd, learn_socket_filled(buf, flags),
				 real.recvfrom(fd, buf, size, flags, from, from_size));
}

EXPORT ssize_t recvfrom(int fd, void *restrict buf, size_t size, int flags, __SOCKADDR_ARG from,
			socklen_t *restrict from_size)
{
	if (read_watched())
		return recvfrom_watchfully(fd, buf, size, flags, from, from_size);
	return real.recvfrom(fd, buf, size, flags, from, from_size);
}

/* A message takes descriptors along (copies.h): where the process has TLS, each is looked at. Else no read side is a play, either. */
static inline bool messages_watched(void)
{
	return atomic_load_explicit(&descriptors_any_tracked, memory_order_relaxed);
}

/* Before and after the real one. */
SLOWLY static bool is_at_end_message(int fd, const struct msghdr *message, int flags)
{
	return shutdown_both_anywhere() && shutdown_both_is_at_end_message(fd, message, flags);
}

SLOWLY static ssize_t message_received(int fd, const struct msghdr *message, int flags, ssize_t n)
{
	if (n >= 0)
		copies_received(fd, message, flags);
	return learn_socket_seen_message(fd, message, flags, n);
}

SLOWLY static ssize_t message_sent(int fd, const struct msghdr *message, ssize_t n)
{
	if (n >= 0)
		copies_sent(message);
	return learn_socket_seen_message(fd, message, 0, n);
}

EXPORT ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	if (!learn_socket_watches() && !messages_watched())
		return real.recvmsg(fd, message, flags);
	if (is_at_end_message(fd, message, flags))
		return 0;
	return message_received(fd, message, flags, real.recvmsg(fd, message, flags));
}

/* The read side is no play for these, which are for datagrams. */
static int messages_received(int fd, const struct mmsghdr *messages, int flags, int count)
{
	for (int i = 0; i < count; i++)
		copies_received(fd, &messages[i].msg_hdr, flags);
	return count;
}

static int messages_sent(const struct mmsghdr *messages, int count)
{
	for (int i = 0; i < count; i++)
		copies_sent(&messages[i].msg_hdr);
	return count;
}

EXPORT int recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout)
{
	if (shutdown_both_anywhere())
		shutdown_both_really(fd);
	if (!messages_watched())
		return real_recvmmsg()(fd, messages, count, flags, timeout);
	return messages_received(fd, messages, flags, real_recvmmsg()(fd, messages, count, flags, timeout));
}

EXPORT ssize_t write(int fd, const void *buf, size_t size)
{
	if (!learn_socket_watches())
		return real.write(fd, buf, size);
	return learn_socket_seen(fd, buf, real.write(fd, buf, size));
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int count)
{
	if (!learn_socket_watches())
		return real.writev(fd, parts, count);
	return learn_socket_seen_parts(fd, parts, (size_t)count, real.writev(fd, parts, count));
}

EXPORT ssize_t send(int fd, const void *buf, size_t size, int flags)
{
	if (!learn_socket_watches())
		return real.send(fd, buf, size, flags);
	return learn_socket_seen(fd, buf, real.send(fd, buf, size, flags));
}

EXPORT ssize_t sendto(int fd, const void *buf, size_t size, int flags, __CONST_SOCKADDR_ARG to,
		      socklen_t to_size)
{
	if (!learn_socket_watches())
		return real.sendto(fd, buf, size, flags, to, to_size);
	return learn_socket_seen(fd, buf, real.sendto(fd, buf, size, flags, to, to_size));
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	if (!learn_socket_watches() && !messages_watched())
		return real.sendmsg(fd, message, flags);
	return message_sent(fd, message, real.sendmsg(fd, message, flags));
}

EXPORT int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	if (!messages_watched())
		return real_sendmmsg()(fd, messages, count, flags);
	return messages_sent(messages, real_sendmmsg()(fd, messages, count, flags));
}

/* --- where programs of 64-bit times have names of their own for these (real.h) --- */

#if REAL_HAS_TIME64
EXPORT ssize_t __recvmsg64(int fd, struct msghdr *message, int flags)
{
	if (!learn_socket_watches() && !messages_watched())
		return real.__recvmsg64(fd, message, flags);
	if (is_at_end_message(fd, message, flags))
		return 0;
	return message_received(fd, message, flags, real.__recvmsg64(fd, message, flags));
}

EXPORT ssize_t __sendmsg64(int fd, const struct msghdr *message, int flags)
{
	if (!learn_socket_watches() && !messages_watched())
		return real.__sendmsg64(fd, message, flags);
	return message_sent(fd, message, real.__sendmsg64(fd, message, flags));
}

EXPORT int __recvmmsg64(int fd, struct mmsghdr *messages, unsigned count, int flags,
			struct real_timespec64 *timeout)
{
	if (shutdown_both_anywhere())
		shutdown_both_really(fd);
	if (!messages_watched())
		return real___recvmmsg64()(fd, messages, count, flags, timeout);
	return messages_received(fd, messages, flags,
				 real___recvmmsg64()(fd, messages, count, flags, timeout));
}

EXPORT int __sendmmsg64(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
	if (!messages_watched())
		return real___sendmmsg64()(fd, messages, count, flags);
	return messages_sent(messages, real___sendmmsg64()(fd, messages, count, flags));
}
#endif

/*
 * --- what _FORTIFY_SOURCE makes of them: libc's check, which nobody but libc may fail, and then the same call. Looked up
 * like the others these would be a price that every process pays at its start ---
 */

ssize_t __read_chk(int fd, void *buf, size_t size, size_t room);
ssize_t __recv_chk(int fd, void *buf, size_t size, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *restrict buf, size_t size, size_t room, int flags, __SOCKADDR_ARG from,
		       socklen_t *restrict from_size);
void __chk_fail(void) __attribute__((noreturn)); /* ends the program; LSB */

EXPORT ssize_t __read_chk(int fd, void *buf, size_t size, size_t room)
{
	if (size > room)
		__chk_fail();
	return read(fd, buf, size);
}

EXPORT ssize_t __recv_chk(int fd, void *buf, size_t size, size_t room, int flags)
{
	if (size > room)
		__chk_fail();
	return recv(fd, buf, size, flags);
}

EXPORT ssize_t __recvfrom_chk(int fd, void *restrict buf, size_t size, size_t room, int flags,
			      __SOCKADDR_ARG from, socklen_t *restrict from_size)
{
	if (size > room)
		__chk_fail();
	return recvfrom(fd, buf, size, flags, from, from_size);
}
